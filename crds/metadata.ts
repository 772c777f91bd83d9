// What every Kubernetes object carries, and the words by which the parts of Headgate find each other's objects.

export type OwnerReference = {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export type ObjectMeta = {
  name: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  /** RFC 3339, UTC. */
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
}

export const group = 'headgate.dev'
export const version = 'v1alpha1'
export const apiVersion = 'headgate.dev/v1alpha1'

export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  component: 'app.kubernetes.io/component',
  pipeline: 'headgate.dev/pipeline',
  run: 'headgate.dev/run',
} as const

export const annotations = {
  /** On a scheduled run: the minute it was scheduled for, RFC 3339. */
  scheduledTime: 'headgate.dev/scheduled-time',
  /** On a scheduled run: uid of the tick’s Job, which is not known before the tick. */
  tick: 'headgate.dev/tick',
  /** On a run that was asked to stop under concurrency Replace: the run that takes its place. */
  replacedBy: 'headgate.dev/replaced-by',
  /** On a tick Job: the run it was turned into. */
  run: 'headgate.dev/run',
  /** On a tick Job whose run cannot have its first name: the name it is going to have. */
  runName: 'headgate.dev/run-name',
  /** On a tick Job that became no run: why, in a word. */
  skipped: 'headgate.dev/skipped',
  /** On an object that is made from a declaration: hash of what it was made to be. */
  declaration: 'headgate.dev/declaration',
} as const

/** Runs and their Jobs are named after a pipeline: `<pipeline>-YYYYMMDD-HHMM`, `<pipeline>-schedule`. */
export const maxPipelineName = 40
/** A worker's host name is its run's name and an index of up to four characters, 63 in all. */
export const maxRunName = 59
