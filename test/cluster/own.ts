// A cluster on this machine, made by the scripts in this folder: for one test run, in its own folder, on a free port.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { freePort } from '../../cli/embedded/process.ts'
import type { Cluster } from './cluster.ts'
import { builtPrograms, hasImages } from './location.ts'

/** Why no cluster can be started, and what would enable it. */
export function whyNoOwnCluster(): string | undefined {
  if (process.getuid?.() !== 0) return 'not run as root, which our own cluster needs'
  if (builtPrograms() === undefined || !hasImages()) return 'our own cluster is not built; `npm run cluster:setup` builds it (about 7 minutes, needs Debian)'
  if (spawnSync('unshare', ['--mount', '--pid', '--net', '--fork', 'true']).status !== 0) return 'our own cluster needs permission to make namespaces'
  return undefined
}

/** Takes about 20 s. The cluster also ends when this process does. */
export async function startOwnCluster(): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-cluster-'))
  const environment = { HEADGATE_CLUSTER_STATE: join(folder, 'state'), HEADGATE_CLUSTER_PORT: String(await freePort()) }
  const script = (name: string, ...args: string[]) =>
    spawn(join(import.meta.dirname, name), args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const up = script('up', '--tied', folder)
  // The other end of the script's file 3, which the cluster lives as long as. It must not keep this process alive.
  const life = up.stdio[3] as Socket
  life.on('error', () => {}).unref()
  const stop = async () => {
    await ended(script('down', '--wipe'))
    life.destroy()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await ended(up)
  } catch (error) {
    await stop()
    throw error
  }
  return { kubeconfigPath: join(folder, 'kubeconfig'), builder: { by: 'buildah', environment }, stop }
}

async function ended(child: ChildProcess): Promise<void> {
  const [code, said] = await Promise.all([new Promise((resolve) => child.once('exit', resolve)), saidBy(child)])
  if (code !== 0) throw new Error(`${child.spawnfile} ended with code ${code}\n${said}`)
}

async function saidBy(child: ChildProcess): Promise<string> {
  if (child.stdout === null || child.stderr === null) return ''
  return (await Promise.all([text(child.stderr), text(child.stdout)])).join('')
}
