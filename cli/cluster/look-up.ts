// Finds a pipeline or a run by name. The error for an unknown name suggests a similar one.

import { closest } from '../../crds/suggest.ts'
import type { KubeClient } from '../../operator/kubernetes/client.ts'
import type { KubeObject } from '../../operator/kubernetes/objects.ts'
import type { Resource } from '../../operator/kubernetes/resources.ts'
import { HeadgateError } from '../../sdk/errors.ts'
import type { Cluster } from './connect.ts'
import { type PipelineObject, pipelineRuns, pipelines, type RunObject } from './resources.ts'

export async function findPipeline({ client, namespace }: Cluster, name: string): Promise<PipelineObject> {
  const found = await client.get(pipelines, name, namespace)
  if (found !== undefined) return found
  const names = await namesOf(client, pipelines, namespace)
  throw new HeadgateError('PipelineNotFound', `namespace ${namespace} has no pipeline ${name}; ${suggestion(name, names, 'pipelines.headgate.dev')}`)
}

export async function findRun({ client, namespace }: Cluster, name: string): Promise<RunObject> {
  const found = await client.get(pipelineRuns, name, namespace)
  if (found !== undefined) return found
  const names = await namesOf(client, pipelineRuns, namespace)
  throw new HeadgateError('RunNotFound', `namespace ${namespace} has no run ${name}; ${suggestion(name, names, 'pipelineruns.headgate.dev')}`)
}

/** Every object of a kind, page by page; throws when the cluster does not know the kind. */
export function listAll<T extends KubeObject>(client: KubeClient, resource: Resource<T>, namespace: string | undefined): Promise<T[]> {
  return listAllMatching(client, resource, namespace, undefined)
}

export async function listAllMatching<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  namespace: string | undefined,
  labelSelector: string | undefined,
): Promise<T[]> {
  const all: T[] = []
  for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
    const page = await client.list(resource, { namespace, labelSelector, limit: 500, continue: next })
    all.push(...page.items)
    next = page.continue
  }
  return all
}

async function namesOf(client: KubeClient, resource: Resource<KubeObject>, namespace: string): Promise<string[]> {
  return (await listAll(client, resource, namespace)).map(({ metadata }) => metadata.name)
}

function suggestion(name: string, names: readonly string[], kind: string): string {
  const near = closest(name, names)
  if (near !== undefined) return `did you mean ${near}?`
  if (names.length === 0) return 'it has none at all: name another namespace with -n'
  return `kubectl get ${kind} lists them; name another namespace with -n`
}
