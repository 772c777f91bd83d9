// The resources that the operator uses, and their paths on the API server.
import type { Pipeline } from '../../crds/pipeline.ts'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import type { ConfigMap, CronJob, Job, KubeEvent, KubeObject, Lease, Pod } from './objects.ts'

/** One kind of object. `T` is the type of its objects and does not exist at run time. */
export type Resource<T extends KubeObject = KubeObject> = {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shape?: T
}

/** The fields that determine the path of a resource. */
type Addressed = Pick<Resource, 'group' | 'version' | 'plural' | 'namespaced'>

/** Describes a kind. The core group is the empty string. */
export function resource<T extends KubeObject>(apiVersion: string, plural: string, kind: string, namespaced = true): Resource<T> {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  return { group, version: apiVersion.slice(slash + 1), plural, kind, namespaced }
}

export const pipelines = resource<Pipeline & KubeObject>('headgate.dev/v1alpha1', 'pipelines', 'Pipeline')
export const pipelineRuns = resource<PipelineRun & KubeObject>('headgate.dev/v1alpha1', 'pipelineruns', 'PipelineRun')
export const cronJobs = resource<CronJob>('batch/v1', 'cronjobs', 'CronJob')
export const jobs = resource<Job>('batch/v1', 'jobs', 'Job')
export const pods = resource<Pod>('v1', 'pods', 'Pod')
export const configMaps = resource<ConfigMap>('v1', 'configmaps', 'ConfigMap')
export const events = resource<KubeEvent>('events.k8s.io/v1', 'events', 'Event')
export const leases = resource<Lease>('coordination.k8s.io/v1', 'leases', 'Lease')

export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}

export type Place = { namespace?: string | undefined; name?: string | undefined; subresource?: string | undefined }

/** The path of one object, or of a collection if no name is given; without a namespace, of all namespaces. */
export function pathOf(resource: Addressed, { namespace, name, subresource }: Place = {}): string {
  const parts = [resource.group === '' ? '/api' : `/apis/${resource.group}`, resource.version]
  if (resource.namespaced && namespace !== undefined) parts.push('namespaces', encodeURIComponent(namespace))
  parts.push(resource.plural)
  if (name !== undefined) parts.push(encodeURIComponent(name))
  if (subresource !== undefined) parts.push(subresource)
  return parts.join('/')
}
