// A node without a kubelet: serves logs of its pods that a test provides, over TLS with the API server's own certificate.
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll } from 'vitest'
import { createClient } from '../../operator/kubernetes/client.ts'
import type { KubeObject } from '../../operator/kubernetes/objects.ts'
import { resource } from '../../operator/kubernetes/resources.ts'
import type { TestApiServer } from '../support/kubernetes.ts'

const nodes = resource<KubeObject & { status?: object }>('v1', 'nodes', 'Node', false)

/** Makes a node of that name; pods are bound to it by `nodeName`. The API server asks for `/containerLogs/<namespace>/<pod>/<container>`. */
export async function standInKubelet({ kubeConfig, kubeconfigPath }: TestApiServer, name: string, answer: RequestListener): Promise<void> {
  const folder = dirname(kubeconfigPath)
  const server = createServer({ cert: readFileSync(join(folder, 'apiserver.crt')), key: readFileSync(join(folder, 'apiserver.key')) }, answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: Port } = server.address() as AddressInfo
  const client = createClient(kubeConfig)
  await client.create(nodes, { metadata: { name } })
  const status = { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port } } }
  await client.patch(nodes, name, undefined, { status }, { subresource: 'status' })
  afterAll(async () => {
    await client.delete(nodes, name, undefined)
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
}
