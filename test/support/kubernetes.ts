// Real Kubernetes for test files, started once per test run when the first file asks: an API server with our CRDs and no pods
// (`describeWithApiServer`), or a cluster that runs pods (`describeOnCluster`, for test/e2e/). Each file takes a namespace of its own.
// Operators under test must watch that namespace only, because test files run side by side.
import { randomBytes } from 'node:crypto'
import { KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, inject, test } from 'vitest'
import type { ApiServer } from '../cluster/api-server.ts'
import { buildImage } from '../cluster/cluster.ts'
import { type KubernetesPrograms, type ProgramResult, runProgram } from './kubernetes-programs.ts'
import { type AvailableCluster, type AvailableServer, type KubernetesAvailability, startServerWithCrds } from './kubernetes-setup.ts'
import { onDemand } from './on-demand.ts'

declare module 'vitest' {
  interface ProvidedContext {
    kubernetes: KubernetesAvailability
    onDemandSocket: string
  }
}

export type ApiServerNeeds = {
  /**
   * Real Job, CronJob, garbage, namespace, account and TTL controllers: `true` if the suite needs them, `false` (default) if it
   * plays them itself, say by patching the status of Jobs, `undefined` if it does not care.
   */
  controllers?: boolean | undefined
}

/** Runs kubectl or helm as the administrator, and returns the result for any exit code; `input` goes to standard input. */
export type Tool = (args: readonly string[], input?: string) => Promise<ProgramResult>

export type TestApiServer = {
  /** The administrator's. */
  kubeconfigPath: string
  kubeConfig: KubeConfig
  /** The official client, for looking at what our own has done. */
  client: KubernetesObjectApi
  kubectl: Tool
}

/** Has no CRDs of ours: the chart installs them. */
export type TestCluster = TestApiServer & {
  helm: Tool
  /** Not in a cluster that was handed in. */
  canBuildImages: boolean
  /** Builds an image and hands it to the cluster; `context` is the Dockerfile's folder if left out. */
  buildImage(dockerfile: string, tag: string, context?: string): Promise<void>
  /** The name of this project's image, built by the first who asks; `imagePullPolicy` must be `IfNotPresent` or `Never`. */
  projectImage(): Promise<string>
}

/** A suite on a real API server; where none can be had it is one skipped test that says how to get it. */
export function describeWithApiServer(
  title: string,
  body: (server: TestApiServer) => void | Promise<void>,
  needs: ApiServerNeeds = { controllers: false },
): void {
  const choice = chooseServer(inject('kubernetes'), needs)
  if ('missing' in choice) skipSuite(title, choice.missing)
  else describe(title, async () => await body(await openServer(choice.starter)))
}

/** A suite on an API server that no other suite sees, so that it may crash; `server` is there when the tests run. */
export function describeWithOwnApiServer(title: string, body: (server: () => TestApiServer & Pick<ApiServer, 'crash' | 'resume'>) => void): void {
  const choice = chooseServer({ ...inject('kubernetes'), given: false }, {})
  if ('missing' in choice) {
    skipSuite(title, choice.missing)
    return
  }
  describe(title, () => {
    let started: Awaited<ReturnType<typeof startServerWithCrds>> | undefined
    beforeAll(async () => {
      started = await startServerWithCrds()
    }, 180_000)
    afterAll(() => started?.server.stop())
    body(() => {
      if (started === undefined) throw new Error('the API server is there in tests only')
      return { ...started.server, ...serverOf(started.programs) }
    })
  })
}

/** A suite on a cluster that runs pods; where none can be had it is one skipped test that says how to get it. */
export function describeOnCluster(title: string, body: (cluster: TestCluster) => void | Promise<void>): void {
  const { noCluster } = inject('kubernetes')
  if (noCluster !== undefined) skipSuite(title, noCluster)
  else describe(title, async () => await body(await e2eCluster()))
}

/** For test files that are not `describeWithApiServer` throughout; rejects where no server can be had. */
export async function apiServer(needs: ApiServerNeeds = { controllers: false }): Promise<TestApiServer> {
  const choice = chooseServer(inject('kubernetes'), needs)
  if ('missing' in choice) throw new Error(choice.missing)
  return await openServer(choice.starter)
}

/** For test files that are not `describeOnCluster` throughout; rejects where no cluster can be had. */
export async function e2eCluster(): Promise<TestCluster> {
  const { noCluster } = inject('kubernetes')
  if (noCluster !== undefined) throw new Error(noCluster)
  const socket = inject('onDemandSocket')
  const { programs, builder } = await onDemand<AvailableCluster>(socket, 'cluster')
  return {
    ...serverOf(programs),
    helm: (args, input) => runProgram(programs, 'helm', args, input),
    canBuildImages: builder.by !== 'nobody',
    buildImage: (dockerfile, tag, context) => buildImage(builder, dockerfile, tag, context),
    projectImage: () => onDemand<string>(socket, 'project-image'),
  }
}

/** A namespace for a test file or suite, deleted when that is done; call at its top. */
export async function freshNamespace<Server extends TestApiServer = TestApiServer>(server?: Server): Promise<Server & { namespace: string }> {
  const its = server ?? ((await apiServer()) as Server)
  const namespace = `test-${randomBytes(6).toString('hex')}`
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  await its.client.create(object)
  afterAll(async () => {
    await its.client.delete(object)
  })
  return { ...its, namespace }
}

function skipSuite(title: string, missing: string): void {
  describe(title, () => test('runs on a real Kubernetes', (context) => context.skip(missing)))
}

function chooseServer(offer: KubernetesAvailability, { controllers }: ApiServerNeeds): { starter: string } | { missing: string } {
  if (offer.given && controllers !== false) return { starter: 'given-cluster' }
  if (offer.built) return { starter: controllers ? 'api-server-with-controllers' : 'api-server' }
  const why = offer.given ? 'it plays the controllers itself, so it cannot use the cluster of HEADGATE_TEST_KUBECONFIG' : 'no kubeconfig is given'
  return { missing: `${why}, and no API server is built; \`npm run cluster:setup\` builds one (about 5 minutes, needs Go)` }
}

async function openServer(starter: string): Promise<TestApiServer> {
  return serverOf((await onDemand<AvailableServer>(inject('onDemandSocket'), starter)).programs)
}

function serverOf(programs: KubernetesPrograms): TestApiServer {
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(programs.kubeconfigPath)
  const client = KubernetesObjectApi.makeApiClient(kubeConfig)
  const kubectl: Tool = (args, input) => runProgram(programs, 'kubectl', args, input)
  return { kubeconfigPath: programs.kubeconfigPath, kubeConfig, client, kubectl }
}
