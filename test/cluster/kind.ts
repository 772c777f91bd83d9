// A cluster by kind, where that and Docker are installed: for one test run, as kind-config.yaml says.
import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Cluster } from './cluster.ts'

const settings = join(import.meta.dirname, '..', '..', 'kind-config.yaml')

export function hasKind(): boolean {
  return spawnSync('kind', ['version']).status === 0 && spawnSync('docker', ['info']).status === 0
}

export async function startKindCluster(): Promise<Cluster> {
  const kindCluster = `headgate-${randomBytes(4).toString('hex')}`
  const folder = await mkdtemp(join(tmpdir(), 'headgate-kind-'))
  const kubeconfigPath = join(folder, 'kubeconfig')
  const kind = (...args: string[]) => promisify(execFile)('kind', [...args, '--name', kindCluster, '--kubeconfig', kubeconfigPath])
  const stop = async () => {
    await kind('delete', 'cluster')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await kind('create', 'cluster', '--config', settings, '--wait', '120s')
  } catch (error) {
    await stop()
    throw error
  }
  return { kubeconfigPath, builder: { by: 'docker', kindCluster }, stop }
}
