// What Kubernetes this test run can have, and how each is started when a test file asks; called by global-setup.ts.
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startApiServer } from '../cluster/api-server.ts'
import { builtPrograms } from '../cluster/location.ts'
import type { Started, Starters } from './on-demand.ts'

/** Names of starters, each with what it needs, or the reason why it cannot be had here. */
export type KubernetesOffer = {
  /** The cluster of HEADGATE_TEST_KUBECONFIG: everything runs in it. */
  given: boolean
  /** An API server of our own can be started, with or without controllers. */
  built: boolean
}

/** What a test file gets. */
export type TestServer = {
  kubeconfigPath: string
  kubectlPath: string /** kubectl's memory of kinds is wrong for another server on the same port. */
  cacheFolder: string
}

const crds = join(import.meta.dirname, '..', '..', 'crds', 'generated')

export function kubernetesOffer(): KubernetesOffer {
  return { given: process.env.HEADGATE_TEST_KUBECONFIG !== undefined, built: builtPrograms() !== undefined }
}

export const kubernetesStarters: Starters = {
  'given-cluster': startGiven,
  'api-server': () => startOwn({ controllers: false }),
  'api-server-with-controllers': () => startOwn({ controllers: true }),
}

async function startGiven(): Promise<Started> {
  const kubeconfigPath = process.env.HEADGATE_TEST_KUBECONFIG ?? ''
  const value: TestServer = { kubeconfigPath, kubectlPath: join(builtPrograms() ?? '', 'kubectl'), cacheFolder: '' }
  await installCrds(value)
  return { value, stop: async () => {} }
}

async function startOwn({ controllers }: { controllers: boolean }): Promise<Started> {
  const programs = builtPrograms()
  if (programs === undefined) throw new Error('no API server has been built; `npm run cluster:setup` does')
  const server = await startApiServer(programs)
  try {
    const value: TestServer = { kubeconfigPath: server.kubeconfigPath, kubectlPath: join(programs, 'kubectl'), cacheFolder: join(server.folder, 'kubectl') }
    await installCrds(value)
    if (controllers) await server.startControllers()
    return { value, stop: server.stop }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function installCrds(server: TestServer): Promise<void> {
  const kubectl = (...args: string[]) => promisify(execFile)(server.kubectlPath, ['--kubeconfig', server.kubeconfigPath, ...args])
  const files = globSync('*.yaml', { cwd: crds }).flatMap((file) => ['--filename', join(crds, file)])
  await kubectl('apply', '--server-side', '--force-conflicts', ...files)
  await kubectl('wait', '--for=condition=Established', '--timeout=60s', ...files)
}
