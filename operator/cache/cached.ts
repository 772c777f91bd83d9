// The cached forms of Pipelines, CronJobs and ticks: only the fields that controllers read, to save memory with thousands of objects.
// runs.ts, jobs.ts and pods.ts do the same for the objects of runs. caches.ts passes these functions to the reflectors.
import { annotations, labels, type ObjectMeta, type OwnerReference } from '../../crds/metadata.ts'
import type { Pipeline } from '../../crds/pipeline.ts'
import type { CronJob, Job } from '../kubernetes/objects.ts'

/** The metadata fields that controllers use. */
export type CachedMeta = {
  name: string
  namespace: string
  uid: string
  resourceVersion: string
  generation?: number
  creationTimestamp: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
}

export type CachedPipeline = Pick<Pipeline, 'spec' | 'status'> & { metadata: CachedMeta }

export type CachedCronJob = { metadata: CachedMeta; spec: Pick<CronJob['spec'] & object, 'schedule' | 'timeZone' | 'suspend'> }

/** A Job created by the CronJob of a pipeline. It has no pods; its creation means that the schedule fired. */
export type CachedTick = { metadata: CachedMeta }

/** Annotation that the CronJob controller sets on each Job: the scheduled time in RFC 3339. */
export const scheduledTimestamp = 'batch.kubernetes.io/cronjob-scheduled-timestamp'
/** Value of the label `app.kubernetes.io/component` on CronJobs of schedules and their Jobs. */
export const scheduleComponent = 'schedule'

/** Metadata reduced to the fields that controllers use, Headgate's labels, and the named annotations. */
export function cachedMeta(metadata: ObjectMeta, annotationNames: readonly string[]): CachedMeta {
  const kept: CachedMeta = {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    creationTimestamp: metadata.creationTimestamp ?? '',
  }
  if (metadata.generation !== undefined) kept.generation = metadata.generation
  if (metadata.deletionTimestamp !== undefined) kept.deletionTimestamp = metadata.deletionTimestamp
  if (metadata.labels !== undefined) kept.labels = only(metadata.labels, Object.values(labels))
  if (metadata.annotations !== undefined) kept.annotations = only(metadata.annotations, annotationNames)
  if (metadata.ownerReferences !== undefined) kept.ownerReferences = metadata.ownerReferences
  return kept
}

export function toCachedPipeline({ metadata, spec, status }: Pipeline): CachedPipeline {
  return { metadata: cachedMeta(metadata, []), spec, ...(status !== undefined && { status }) }
}

export function toCachedCronJob({ metadata, spec }: CronJob): CachedCronJob {
  const { schedule = '', timeZone, suspend } = spec ?? {}
  return {
    metadata: cachedMeta(metadata, [annotations.declaration]),
    spec: { schedule, ...(timeZone !== undefined && { timeZone }), ...(suspend !== undefined && { suspend }) },
  }
}

export function toCachedTick({ metadata }: Job): CachedTick {
  return { metadata: cachedMeta(metadata, [annotations.run, annotations.skipped, scheduledTimestamp]) }
}

/** Indexes of the cache of ticks. */
export const tickIndexes = { pipeline: pipelineOfSchedule }

/** `namespace/name` of the pipeline that the label of a CronJob or tick names. */
export function pipelineOfSchedule({ metadata }: { metadata: CachedMeta }): string {
  return `${metadata.namespace}/${metadata.labels?.[labels.pipeline]}`
}

function only(entries: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => names.includes(name)))
}
