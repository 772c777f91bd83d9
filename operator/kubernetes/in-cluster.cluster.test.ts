// The service account of a pod, with token rotation, on a real API server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../test/support/kubernetes.ts'
import { createClient } from './client.ts'
import { inClusterConfig } from './in-cluster.ts'
import { configMaps } from './resources.ts'

describeWithApiServer('a client in a pod', async (server) => {
  const { namespace, kubeConfig, kubectl } = await freshNamespace(server)
  const folder = mkdtempSync(join(tmpdir(), 'headgate-account-'))
  const { hostname, port } = new URL(kubeConfig.getCurrentCluster()?.server ?? '')
  const client = createClient(inClusterConfig({ host: hostname, port, folder }))
  afterAll(async () => {
    await client.close()
    rmSync(folder, { recursive: true })
  })

  test('authenticates with its token, trusts the mounted CA, and uses a rotated token at once', async () => {
    const authority = kubeConfig.getCurrentCluster()?.caData ?? ''
    writeFileSync(join(folder, 'ca.crt'), Buffer.from(authority, 'base64'))
    const lookAs = async (token: string) => {
      writeFileSync(join(folder, 'token'), `${token}\n`)
      return await client.get(configMaps, 'a', namespace).catch((error: unknown) => error)
    }
    for (const name of ['first', 'second']) {
      await kubectl(['create', 'serviceaccount', name, '-n', namespace])
      const { stdout: token } = await kubectl(['create', 'token', name, '-n', namespace])
      const message = expect.stringContaining(`"system:serviceaccount:${namespace}:${name}"`)
      expect(await lookAs(token.trim())).toMatchObject({ status: 403, message })
    }
    expect(await lookAs('not-a-token')).toMatchObject({ status: 401, reason: 'Unauthorized' })
  })
})
