// Writes the status of runs. Always writes the whole status, because server-side apply removes fields that are left out. All steps write
// through `writeOngoing` and `finish`.
import { isDeepStrictEqual } from 'node:util'
import { shortDuration } from '../../../crds/durations.ts'
import type { Condition, PipelineRunStatus, RunPhase } from '../../../crds/status.ts'
import { type CachedRun, referenceTo, runKey, succeededCondition, toCachedRun } from '../../cache/runs.ts'
import { isConflict, isNotFound } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import { pipelineRuns } from '../../kubernetes/resources.ts'
import type { ControllerParts } from '../controller.ts'

/** Dependencies of `writeOngoing` and `finish`. `finish` also removes the run from `admissions` and `memories`, and counts it in `runMetrics`. */
export type StatusWriting = Pick<ControllerParts, 'client' | 'events' | 'clock'> & {
  writer: RunStatusWriter
  admissions: { see(key: string, run: CachedRun): void }
  memories: { delete(key: string): unknown }
  runMetrics: Pick<ControllerParts['runMetrics'], 'ended'>
}

export type ConditionText = { reason: string; message: string }

/** An Event on the run, recorded if the write changed the status. Without `condition`, reason and message of the status are used. */
export type RunEvent = { action: string; type?: 'Normal' | 'Warning'; condition?: ConditionText }

type Ongoing = { phase: RunPhase; condition: ConditionText; more?: Partial<PipelineRunStatus>; event?: RunEvent | undefined }

/** Writes the status of a run that has not ended. Returns the result of `RunStatusWriter.write`: the same object if nothing changed. */
export async function writeOngoing(context: StatusWriting, run: CachedRun, { phase, condition, more, event }: Ongoing): Promise<CachedRun | undefined> {
  const written = await context.writer.write(context.client, run, ongoingStatus({ ...run.status, ...more }, phase, condition, context.clock.now()))
  if (written !== undefined && written !== run && event !== undefined) recordEvent(context, run, event.condition ?? condition, event)
  return written
}

export type Ending = { phase: RunPhase; condition: ConditionText; more?: Partial<PipelineRunStatus> | undefined; at?: number | undefined }

/** Writes the final status of a run. */
export async function finish(context: StatusWriting, run: CachedRun, { phase, condition, more, at }: Ending): Promise<undefined> {
  const now = context.clock.now()
  const written = await context.writer.write(context.client, run, endedStatus({ ...run.status, ...more }, phase, condition, { now, at: at ?? now }))
  if (written === undefined || written === run) return undefined
  context.memories.delete(runKey(run))
  context.runMetrics.ended(run, written.status ?? {})
  recordEvent(context, run, condition, { action: phase === 'Succeeded' ? 'Finish' : phase, type: phase === 'Failed' ? 'Warning' : 'Normal' })
  context.admissions.see(runKey(run), written)
  return undefined
}

function recordEvent(
  { events }: Pick<StatusWriting, 'events'>,
  run: CachedRun,
  { reason, message }: ConditionText,
  { action, type = 'Normal' }: RunEvent,
): void {
  events.event(referenceTo(run), { type, reason, message, action })
}

/** Keeps each written status until the cache shows it, so that no decision is based on a status older than this process's last write. */
export class RunStatusWriter {
  readonly #written = new Map<string, CachedRun>()

  /** The cached run, or the last written one if the cache is behind. */
  latest(cached: CachedRun): CachedRun {
    const key = runKey(cached)
    const written = this.#written.get(key)
    if (written === undefined) return cached
    const { uid, resourceVersion } = cached.metadata
    if (uid === written.metadata.uid && isOlder(resourceVersion, written.metadata.resourceVersion)) return written
    this.#written.delete(key)
    return cached
  }

  /**
   * Writes the whole status if it differs from the run's, and returns the updated run. Never overwrites a status this process has not
   * seen, such as one written by an operator that was frozen: returns undefined if the run was changed or deleted, which the cache will
   * show. `client` is the client of the run's reconcile.
   */
  async write(client: Pick<KubeClient, 'apply'>, run: CachedRun, status: PipelineRunStatus): Promise<CachedRun | undefined> {
    const next = { ...status, observedGeneration: run.metadata.generation ?? 0 }
    if (isDeepStrictEqual({ ...run.status, observedGeneration: next.observedGeneration }, next)) return run
    const { name, namespace, uid, resourceVersion } = run.metadata
    const metadata = { name, namespace, uid, resourceVersion }
    try {
      const written = toCachedRun(await client.apply(pipelineRuns, { metadata, status: next }, { subresource: 'status' }))
      this.#written.set(runKey(run), written)
      return written
    } catch (error) {
      // The run was deleted, changed, or replaced by another of the same name.
      if (isNotFound(error) || isConflict(error)) return undefined
      throw error
    }
  }

  forget(key: string): void {
    this.#written.delete(key)
  }
}

/** Resource versions are increasing decimal integers. */
function isOlder(one: string, other: string): boolean {
  return one.length === other.length ? one < other : one.length < other.length
}

/** The next status of a run that has not ended. */
export function ongoingStatus(status: PipelineRunStatus, phase: RunPhase, condition: ConditionText, now: number): PipelineRunStatus {
  return { ...status, phase, conditions: conditions(status, 'Unknown', condition, now) }
}

/** The final status of a run. `at` is when the run ended, in milliseconds since 1970. */
export function endedStatus(status: PipelineRunStatus, phase: RunPhase, condition: ConditionText, { now, at }: { now: number; at: number }): PipelineRunStatus {
  const started = status.startTime === undefined ? undefined : Date.parse(status.startTime)
  const completed = Math.max(at, started ?? at)
  return {
    ...status,
    phase,
    conditions: conditions(status, phase === 'Succeeded' ? 'True' : 'False', condition, now),
    completionTime: moment(completed),
    ...(started === undefined ? {} : { duration: shortDuration(completed - started) }),
  }
}

/** RFC 3339 with a resolution of seconds, the format of metav1.Time. */
export function moment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

const longestMessage = 4096

function conditions(before: PipelineRunStatus, status: Condition['status'], { reason, message }: ConditionText, now: number): Condition[] {
  const last = succeededCondition(before)
  const lastTransitionTime = last?.status === status ? last.lastTransitionTime : moment(now)
  return [{ type: 'Succeeded', status, reason, message: shortened(message), lastTransitionTime }]
}

function shortened(message: string): string {
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`
}
