import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../test/support/kubernetes.ts'
import { createClient } from './client.ts'
import { isTerminating } from './namespace.ts'
import { configMaps } from './resources.ts'

describeWithApiServer('a namespace', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  afterAll(() => client.close())
  const doomed = `${namespace}-doomed`

  test('that is not deleted is not terminating, and the check leaves no object', async () => {
    expect(await isTerminating(client, namespace)).toBe(false)
    expect((await client.list(configMaps, { namespace })).items.map(({ metadata }) => metadata.name)).not.toContain('headgate-dry-run')
  })

  // This API server has no namespace controller, so the namespace stays terminating.
  test('that is deleted is terminating, and so is one that does not exist', async () => {
    await server.kubectl(['create', 'namespace', doomed])
    await server.kubectl(['delete', 'namespace', doomed, '--wait=false'])
    await expect.poll(() => isTerminating(client, doomed)).toBe(true)
    expect(await isTerminating(client, `${namespace}-never`)).toBe(true)
  })

  test('cannot be checked if the API server does not respond', async () => {
    const create = () => Promise.reject(new Error('no answer'))
    await expect(isTerminating({ create }, namespace)).rejects.toThrow('no answer')
  })
})
