// A real kube-apiserver for test files: one per test run, with our CRDs, started when the first file asks; a namespace of its own for each.
// Controllers of operators under test must watch their own namespace only, because test files run side by side.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { KubeConfig, KubernetesObjectApi } from '@kubernetes/client-node'
import { afterAll, describe, inject, test } from 'vitest'
import type { KubernetesOffer, TestServer } from './kubernetes-setup.ts'
import { onDemand } from './on-demand.ts'

declare module 'vitest' {
  interface ProvidedContext {
    kubernetes: KubernetesOffer
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

export type TestApiServer = {
  /** The administrator's. */
  kubeconfigPath: string
  kubeConfig: KubeConfig
  /** The official client, for looking at what our own has done. */
  client: KubernetesObjectApi
  kubectl: Kubectl
}

export type TestNamespace = TestApiServer & { namespace: string }

export type Kubectl = (args: readonly string[], input?: string) => Promise<{ code: number; stdout: string; stderr: string }>

/** A suite on a real API server; where none can be had it is one skipped test that says how to get it. */
export function describeWithApiServer(
  title: string,
  body: (server: TestApiServer) => void | Promise<void>,
  needs: ApiServerNeeds = { controllers: false },
): void {
  const choice = chooseServer(inject('kubernetes'), needs)
  if ('missing' in choice) describe(title, () => test('needs a Kubernetes API server', (context) => context.skip(choice.missing)))
  else describe(title, async () => await body(await openServer(choice.starter)))
}

/** For test files that are not `describeWithApiServer` throughout; rejects where no server can be had. */
export async function apiServer(needs: ApiServerNeeds = { controllers: false }): Promise<TestApiServer> {
  const choice = chooseServer(inject('kubernetes'), needs)
  if ('missing' in choice) throw new Error(choice.missing)
  return await openServer(choice.starter)
}

/** Call at the top of a test file or suite; the namespace is deleted when that is done. */
export async function freshNamespace(server?: TestApiServer): Promise<TestNamespace> {
  const its = server ?? (await apiServer())
  const namespace = `test-${randomBytes(6).toString('hex')}`
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
  await its.client.create(object)
  afterAll(async () => {
    await its.client.delete(object)
  })
  return { ...its, namespace }
}

function chooseServer(offer: KubernetesOffer, { controllers }: ApiServerNeeds): { starter: string } | { missing: string } {
  if (offer.given && controllers !== false) return { starter: 'given-cluster' }
  if (offer.built) return { starter: controllers ? 'api-server-with-controllers' : 'api-server' }
  const why = offer.given ? 'plays the controllers itself, so it cannot use the cluster of HEADGATE_TEST_KUBECONFIG' : 'no kubeconfig is given'
  return { missing: `${why}, and no API server is built; \`npm run cluster:setup\` builds one (about 5 minutes, needs Go)` }
}

async function openServer(starter: string): Promise<TestApiServer> {
  const server = await onDemand<TestServer>(inject('onDemandSocket'), starter)
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromFile(server.kubeconfigPath)
  return { kubeconfigPath: server.kubeconfigPath, kubeConfig, client: KubernetesObjectApi.makeApiClient(kubeConfig), kubectl: kubectlOf(server) }
}

function kubectlOf(server: TestServer): Kubectl {
  const cache = server.cacheFolder === '' ? [] : ['--cache-dir', server.cacheFolder]
  return (args, input) =>
    new Promise((resolve) => {
      const child = execFile(server.kubectlPath, ['--kubeconfig', server.kubeconfigPath, ...cache, ...args], (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, stdout, stderr: stderr === '' && error !== null ? error.message : stderr })
      })
      child.stdin?.end(input)
    })
}
