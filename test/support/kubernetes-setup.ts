// What Kubernetes this test run can have, and how each kind of it is started when a test file asks; called by global-setup.ts.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { type ApiServer, startApiServer } from '../cluster/api-server.ts'
import { buildImage, type Cluster, type ImageBuilder } from '../cluster/cluster.ts'
import { hasKind, startKindCluster } from '../cluster/kind.ts'
import { builtPrograms } from '../cluster/location.ts'
import { startOwnCluster, whyNoOwnCluster } from '../cluster/own.ts'
import { type KubernetesPrograms, runProgram } from './kubernetes-programs.ts'
import type { Started, Starters } from './on-demand.ts'

export type KubernetesAvailability = {
  /** A cluster was handed in by HEADGATE_TEST_KUBECONFIG. */
  given: boolean
  /** Whether an API server can be started here, with or without controllers. */
  built: boolean
  /** Why there can be no cluster with pods, and what would change that. */
  noCluster: string | undefined
}

/** What a test file gets of each. */
export type AvailableServer = { programs: KubernetesPrograms }
export type AvailableCluster = AvailableServer & { builder: ImageBuilder }

const project = join(import.meta.dirname, '..', '..')
const crds = join(project, 'crds', 'generated')
const PROJECT_IMAGE = 'docker.io/headgate/headgate:test'
const { HEADGATE_TEST_KUBECONFIG: givenKubeconfig, HEADGATE_TEST_IMAGE: givenImage } = process.env

export function kubernetesAvailability(): KubernetesAvailability {
  return { given: givenKubeconfig !== undefined, built: builtPrograms() !== undefined, noCluster: whyNoCluster() }
}

function whyNoCluster(): string | undefined {
  if (givenKubeconfig !== undefined && givenImage === undefined) {
    return 'HEADGATE_TEST_KUBECONFIG is set without HEADGATE_TEST_IMAGE, the image of this project that the cluster can pull'
  }
  if (givenKubeconfig === undefined && !hasKind()) return whyNoOwnCluster()
  if (builtPrograms() !== undefined || hasOnPath('kubectl', 'helm')) return undefined
  return 'kubectl or helm is missing; install both, or `npm run cluster:setup` builds them'
}

function hasOnPath(...programs: string[]): boolean {
  return programs.every((program) => spawnSync(program, ['version', '--client']).error === undefined)
}

/** For one test run; each is called at most once. */
export function kubernetesStarters(): Starters {
  let builder: ImageBuilder = { by: 'nobody' }
  return {
    'given-cluster': startGiven,
    'api-server': () => startOwnServer({ controllers: false }),
    'api-server-with-controllers': () => startOwnServer({ controllers: true }),
    cluster: async () => {
      const { kubeconfigPath, stop, ...cluster } = await startCluster()
      builder = cluster.builder
      const value: AvailableCluster = { programs: { folder: builtPrograms(), kubeconfigPath }, builder }
      return { value, stop }
    },
    /** Requested through the cluster, so started after it. */
    'project-image': async () => {
      if (givenImage === undefined) await buildImage(builder, join(project, 'Dockerfile'), PROJECT_IMAGE)
      return { value: givenImage ?? PROJECT_IMAGE, stop: async () => {} }
    },
  }
}

async function startCluster(): Promise<Cluster> {
  if (givenKubeconfig !== undefined) return { kubeconfigPath: givenKubeconfig, builder: { by: 'nobody' }, stop: async () => {} }
  return hasKind() ? await startKindCluster() : await startOwnCluster()
}

async function startGiven(): Promise<Started> {
  const value: AvailableServer = { programs: { folder: builtPrograms(), kubeconfigPath: givenKubeconfig ?? '' } }
  await installCrds(value.programs)
  return { value, stop: async () => {} }
}

async function startOwnServer({ controllers }: { controllers: boolean }): Promise<Started> {
  const { server, programs } = await startServerWithCrds()
  if (controllers) await server.startControllers()
  const value: AvailableServer = { programs }
  return { value, stop: server.stop }
}

/** To be stopped by the caller. */
export async function startServerWithCrds(): Promise<{ server: ApiServer; programs: KubernetesPrograms }> {
  const folder = builtPrograms()
  if (folder === undefined) throw new Error('no API server is built; `npm run cluster:setup` builds one')
  const server = await startApiServer(folder)
  try {
    const programs = { folder, kubeconfigPath: server.kubeconfigPath }
    await installCrds(programs)
    return { server, programs }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function installCrds(programs: KubernetesPrograms): Promise<void> {
  const files = globSync('*.yaml', { cwd: crds }).flatMap((file) => ['--filename', join(crds, file)])
  for (const args of [
    ['apply', '--server-side', '--force-conflicts'],
    ['wait', '--for=condition=Established', '--timeout=60s'],
  ]) {
    const { code, stderr } = await runProgram(programs, 'kubectl', [...args, ...files])
    if (code !== 0) throw new Error(`the CRDs cannot be installed: ${stderr}`)
  }
}
