// Small questions about a run that several controllers ask.
import type { PipelineRunStatus, RunPhase } from '../../crds/status.ts'
import type { KeptRun } from '../kept.ts'
import type { ObjectReference } from '../kubernetes/objects.ts'
import { apiVersionOf, pipelineRuns } from '../kubernetes/resources.ts'
import type { StoredRun } from './ports.ts'

const finalPhases: ReadonlySet<RunPhase | undefined> = new Set<RunPhase>(['Succeeded', 'Failed', 'Cancelled', 'Skipped'])

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

export function storedRun(run: Pick<KeptRun, 'metadata'>): StoredRun {
  return { name: runKey(run), uid: run.metadata.uid }
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
