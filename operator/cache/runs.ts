// The cached form of a PipelineRun, and functions on it that several controllers use.
import { annotations } from '../../crds/metadata.ts'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import type { PipelineRunStatus, RunPhase } from '../../crds/status.ts'
import type { ObjectReference } from '../kubernetes/objects.ts'
import { apiVersionOf, pipelineRuns } from '../kubernetes/resources.ts'
import { type CachedMeta, cachedMeta } from './cached.ts'

export type CachedRun = Pick<PipelineRun, 'spec' | 'status'> & { metadata: CachedMeta }

export function toCachedRun({ metadata, spec, status }: PipelineRun): CachedRun {
  return { metadata: cachedMeta(metadata, [annotations.scheduledTime, annotations.replacedBy]), spec, ...(status !== undefined && { status }) }
}

/** Indexes of the cache of runs. */
export const runIndexes = { pipeline: pipelineKey, phase: phaseOf }

/** The phases of runs that have a Job, and of runs that wait to start. */
export const activePhases: ReadonlySet<RunPhase> = new Set(['Starting', 'Running'])
export const waitingPhases: ReadonlySet<RunPhase> = new Set(['Pending', 'Queued'])
const finalPhases: ReadonlySet<RunPhase | undefined> = new Set<RunPhase>(['Succeeded', 'Failed', 'Cancelled', 'Skipped'])

export function phaseOf({ status }: Pick<CachedRun, 'status'>): RunPhase {
  return status?.phase ?? 'Pending'
}

/** Whether the run has ended. An ended run is never started again. */
export function hasEnded({ status }: Pick<CachedRun, 'status'>): boolean {
  return finalPhases.has(status?.phase)
}

/** Whether its Job has been created. */
export function hasStarted({ status }: Pick<CachedRun, 'status'>): boolean {
  return status?.startTime !== undefined
}

/** Whether the run was admitted and its declaration recorded: its Job is being created, or exists already. */
export function isDeclared({ status }: Pick<CachedRun, 'status'>): boolean {
  return status?.snapshotHash !== undefined
}

/** Whether a Job with the run as owner is the one created for the run. Any Job can claim the run as its owner. */
export function isOwnJob({ status }: Pick<CachedRun, 'status'>, jobUid: string | undefined): boolean {
  return status?.jobUid === undefined || status.jobUid === jobUid
}

/** `namespace/name`: key in caches and queues, and the run's name in the store and in Redis. */
export function runKey({ metadata }: Pick<CachedRun, 'metadata'>): string {
  return `${metadata.namespace}/${metadata.name}`
}

export function pipelineKey({ metadata, spec }: Pick<CachedRun, 'metadata' | 'spec'>): string {
  return `${metadata.namespace}/${spec.pipelineRef.name}`
}

/** Milliseconds since 1970. */
export function createdAt({ metadata }: Pick<CachedRun, 'metadata'>): number {
  return Date.parse(metadata.creationTimestamp) || 0
}

export function referenceTo({ metadata }: Pick<CachedRun, 'metadata'>): ObjectReference {
  const { name, namespace, uid } = metadata
  return { apiVersion: apiVersionOf(pipelineRuns), kind: pipelineRuns.kind, name, namespace, uid }
}

/** The only condition of a run. */
export function succeededCondition(status: PipelineRunStatus | undefined) {
  return status?.conditions?.find(({ type }) => type === 'Succeeded')
}
