// Proxies before an API server, one for each operator, and what happens to the connections through them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startProxy, type TcpProxy, type Verdict } from '../proxy.ts'
import type { Random } from '../random.ts'

export type ProxiedServer = { kubeconfigPath: string; proxy: TcpProxy; close(): Promise<void> }

type Kubeconfig = { clusters: [{ cluster: { server: string } }] }

/** A kubeconfig that leads through a proxy of its own. */
export async function proxied(kubeconfigPath: string): Promise<ProxiedServer> {
  // It is JSON: test/cluster/api-server.ts has written it.
  const config = JSON.parse(await readFile(kubeconfigPath, 'utf8')) as Kubeconfig
  const [{ cluster }] = config.clusters
  const proxy = await startProxy(cluster.server, () => ({ do: 'pass' }))
  cluster.server = proxy.url
  const folder = await mkdtemp(join(tmpdir(), 'headgate-proxied-'))
  const path = join(folder, 'kubeconfig')
  await writeFile(path, JSON.stringify(config), { mode: 0o600 })
  const close = async () => {
    await proxy.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { kubeconfigPath: path, proxy, close }
}

export type Cutting = { random: Random; log: (line: string) => void; proxies: readonly TcpProxy[]; goesOn: () => boolean }

/** Longer than any timeout of the operator, which must detect a missing response by itself. */
const forEver = 3600_000
/** That often a black hole swallows all connections of one operator for good. */
const blackHoles = 1

export async function cutConnections({ random, log, proxies, goesOn }: Cutting): Promise<void> {
  for (let strikes = 0; goesOn(); strikes++) {
    await sleep(random.between(200, 2000))
    const index = random.below(proxies.length)
    const isBlackHole = strikes >= 5 && strikes < 5 + blackHoles
    const verdict = isBlackHole ? blackHole : draw(random)
    const share = isBlackHole ? 1 : random.pick([0.2, 0.5, 1])
    log(`${JSON.stringify(verdict)} for ${share} of ${proxies[index]?.open} connections of replica ${index}`)
    proxies[index]?.strike(verdict, () => random.chance(share))
  }
}

const blackHole: Verdict = { do: 'halfOpen', direction: 'both', milliseconds: forEver }

function draw(random: Random): Verdict {
  const milliseconds = random.between(100, 8000)
  const kind = random.pick(['cut', 'cut', 'stall', 'halfOpen'] as const)
  if (kind === 'cut') return { do: 'cut', when: 'before' }
  if (kind === 'stall') return { do: 'stall', milliseconds }
  return { do: 'halfOpen', direction: random.pick(['toServer', 'toClient', 'both']), milliseconds }
}
