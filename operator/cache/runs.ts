// What the cache holds of a PipelineRun, and the questions about it that several controllers ask.
import { annotations } from '../../crds/metadata.ts'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import type { PipelineRunStatus, RunPhase } from '../../crds/status.ts'
import type { ObjectReference } from '../kubernetes/objects.ts'
import { apiVersionOf, pipelineRuns } from '../kubernetes/resources.ts'
import { type KeptMeta, keptMeta } from './kept.ts'

export type KeptRun = Pick<PipelineRun, 'spec' | 'status'> & { metadata: KeptMeta }

export function keepRun({ metadata, spec, status }: PipelineRun): KeptRun {
  return { metadata: keptMeta(metadata, [annotations.scheduledTime, annotations.replacedBy]), spec, ...(status !== undefined && { status }) }
}

/** Indexes of the cache of runs. */
export const runIndexes = { pipeline: pipelineKey, phase: phaseOf }

/** The phases in which a run is at work, and those in which it waits to be. */
export const activePhases: ReadonlySet<RunPhase> = new Set(['Starting', 'Running'])
export const waitingPhases: ReadonlySet<RunPhase> = new Set(['Pending', 'Queued'])
const finalPhases: ReadonlySet<RunPhase | undefined> = new Set<RunPhase>(['Succeeded', 'Failed', 'Cancelled', 'Skipped'])

export function phaseOf({ status }: Pick<KeptRun, 'status'>): RunPhase {
  return status?.phase ?? 'Pending'
}

/** Whether the run has ended for good: nothing is ever started for it again. */
export function hasEnded({ status }: Pick<KeptRun, 'status'>): boolean {
  return finalPhases.has(status?.phase)
}

/** Whether its Job has been created. */
export function hasStarted({ status }: Pick<KeptRun, 'status'>): boolean {
  return status?.startTime !== undefined
}

/** Whether it was admitted and what it does is recorded: its Job is being created, or exists already. */
export function isDeclared({ status }: Pick<KeptRun, 'status'>): boolean {
  return status?.snapshotHash !== undefined
}

/** Whether a Job with the run as owner, which any Job can claim, is the one that was created for the run. */
export function isOwnJob({ status }: Pick<KeptRun, 'status'>, jobUid: string | undefined): boolean {
  return status?.jobUid === undefined || status.jobUid === jobUid
}

/** `namespace/name`: key in caches and queues, and the run's name in the store and in Redis. */
export function runKey({ metadata }: Pick<KeptRun, 'metadata'>): string {
  return `${metadata.namespace}/${metadata.name}`
}

export function pipelineKey({ metadata, spec }: Pick<KeptRun, 'metadata' | 'spec'>): string {
  return `${metadata.namespace}/${spec.pipelineRef.name}`
}

/** Milliseconds since 1970. */
export function createdAt({ metadata }: Pick<KeptRun, 'metadata'>): number {
  return Date.parse(metadata.creationTimestamp) || 0
}

export function referenceTo({ metadata }: Pick<KeptRun, 'metadata'>): ObjectReference {
  const { name, namespace, uid } = metadata
  return { apiVersion: apiVersionOf(pipelineRuns), kind: pipelineRuns.kind, name, namespace, uid }
}

/** The one condition of a run. */
export function succeededCondition(status: PipelineRunStatus | undefined) {
  return status?.conditions?.find(({ type }) => type === 'Succeeded')
}
