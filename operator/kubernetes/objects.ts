// Types of Kubernetes objects in their JSON form; the types of the client library describe objects after its deserialisation.
import type { V1ConfigMap, V1CronJob, V1Job, V1Pod } from '@kubernetes/client-node'
import type { ObjectMeta } from '../../crds/metadata.ts'

export type KubeObject = { apiVersion: string; kind: string; metadata: ObjectMeta }

/** The library's type of an object, with dates as strings and without the underscore of names such as `_exec`. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T as Key extends `_${infer Name}` ? Name : Key]: Wire<T[Key]> }
      : T

type Named<T> = Omit<Wire<T>, 'metadata' | 'apiVersion' | 'kind'> & KubeObject

export type Job = Named<V1Job>
export type CronJob = Named<V1CronJob>
export type Pod = Named<V1Pod>
export type ConfigMap = Named<V1ConfigMap>

export type Lease = KubeObject & {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

/** events.k8s.io/v1. */
export type KubeEvent = KubeObject & {
  eventTime: string
  type: 'Normal' | 'Warning'
  reason: string
  action: string
  note: string
  regarding: ObjectReference
  reportingController: string
  reportingInstance: string
  series?: { count: number; lastObservedTime: string }
}

export type ObjectReference = { apiVersion: string; kind: string; name: string; namespace?: string; uid?: string }

/** The key of an object in caches and queues: `namespace/name`, or only the name of a cluster-scoped object. */
export function keyOf(object: { metadata: { name: string; namespace?: string } }): string {
  const { name, namespace } = object.metadata
  return namespace === undefined ? name : `${namespace}/${name}`
}

export function partsOf(key: string): { name: string; namespace?: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The format of metav1.MicroTime, which requires exactly six decimals. */
export function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z')
}
