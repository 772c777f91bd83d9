// The command's cluster verbs where there is no cluster, or one without Headgate.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { commandFolder } from './command.ts'

const { folder, headgate } = commandFolder({ environment: { KUBECONFIG: '', HOME: '/nowhere', KUBERNETES_SERVICE_HOST: undefined } })

// What an API server says of a path that it does not know.
const bare = createServer((_, answer) => answer.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n'))
await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve))
afterAll(() => new Promise((resolve) => bare.close(resolve)))

function kubeconfig(name: string, server: string): string {
  const named = { name: 'one' }
  const contexts = [{ ...named, context: { cluster: 'one', user: 'one', namespace: 'sales' } }]
  const clusters = [{ ...named, cluster: { server, 'insecure-skip-tls-verify': true } }]
  writeFileSync(
    join(folder, name),
    JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'one', contexts, clusters, users: [{ ...named, user: {} }] }),
  )
  return name
}

const withoutHeadgate = kubeconfig('bare', `http://127.0.0.1:${(bare.address() as AddressInfo).port}`)
const away = kubeconfig('away', 'http://127.0.0.1:1')
writeFileSync(join(folder, 'broken'), 'apiVersion: [secret-word')
writeFileSync(join(folder, 'empty'), '{}')

test.each([
  [['runs', '--cluster'], 2, /ClusterNotConfigured: no cluster is chosen: there is no \/nowhere\/.kube\/config; name a kubeconfig/],
  [['trigger', 'orders', '--kubeconfig', 'broken'], 2, /InvalidConfig: the kubeconfig broken cannot be read/],
  [['trigger', 'orders', '--kubeconfig', 'empty'], 2, /InvalidConfig: the kubeconfig’s current context names no cluster/],
  [['trigger', 'orders', '--kubeconfig', away], 1, /ClusterUnreachable: http:\/\/127.0.0.1:1 cannot be reached: .*ECONNREFUSED/],
  [['trigger', 'orders', '--kubeconfig', withoutHeadgate], 1, /HeadgateNotInstalled: .* does not know pipelines.headgate.dev/],
  [['runs', '--kubeconfig', withoutHeadgate], 1, /HeadgateNotInstalled/],
  [['cancel', 'a', '--kubeconfig', withoutHeadgate], 1, /HeadgateNotInstalled/],
  [['logs', 'a', '--kubeconfig', withoutHeadgate], 1, /HeadgateNotInstalled/],
])('%j says what is missing', async (args, code, message) => {
  const said = await headgate(...args)
  expect(said).toEqual({ code, out: '', err: expect.stringMatching(message) })
  expect(said.err).not.toContain('secret-word')
})
