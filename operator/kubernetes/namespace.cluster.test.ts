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

  test('that stays is not terminating, and nothing is left of the question', async () => {
    expect(await isTerminating(client, namespace)).toBe(false)
    expect((await client.list(configMaps, { namespace })).items.map(({ metadata }) => metadata.name)).not.toContain('headgate-dry-run')
  })

  // No controller of namespaces is there to finish it.
  test('that is deleted is terminating, and one that never was is, too', async () => {
    await server.kubectl(['create', 'namespace', doomed])
    await server.kubectl(['delete', 'namespace', doomed, '--wait=false'])
    await expect.poll(() => isTerminating(client, doomed)).toBe(true)
    expect(await isTerminating(client, `${namespace}-never`)).toBe(true)
  })

  test('of which the API server does not answer is no known state', async () => {
    const create = () => Promise.reject(new Error('no answer'))
    await expect(isTerminating({ create }, namespace)).rejects.toThrow('no answer')
  })
})
