// Writes the status of runs, whole, because server-side apply removes what is left out. Every step writes by `goOn` and `finish`.
import { isDeepStrictEqual } from 'node:util'
import { shortDuration } from '../../../crds/durations.ts'
import type { Condition, PipelineRunStatus, RunPhase } from '../../../crds/status.ts'
import { type KeptRun, keepRun, referenceTo, runKey, succeededCondition } from '../../cache/runs.ts'
import { isConflict, isNotFound } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import { pipelineRuns } from '../../kubernetes/resources.ts'
import type { ControllerParts } from '../controller.ts'

/** What `goOn` and `finish` use. `finish` also takes the run out of `admissions` and `memories`, and counts it in `runMetrics`. */
export type StatusWriting = Pick<ControllerParts, 'client' | 'events' | 'clock'> & {
  writer: RunStatusWriter
  admissions: { see(key: string, run: KeptRun): void }
  memories: { delete(key: string): unknown }
  runMetrics: Pick<ControllerParts['runMetrics'], 'ended'>
}

export type Said = { reason: string; message: string }

/** An Event on the run, recorded if the write changed something. `said` is that of the status unless given. */
export type RunEvent = { action: string; type?: 'Normal' | 'Warning'; said?: Said }

type Going = { phase: RunPhase; said: Said; more?: Partial<PipelineRunStatus>; event?: RunEvent | undefined }

/** Writes that the run goes on, and with what. Returns the run as it is then, as `RunStatusWriter.write` does: the same object if nothing changed. */
export async function goOn(context: StatusWriting, run: KeptRun, { phase, said, more, event }: Going): Promise<KeptRun | undefined> {
  const written = await context.writer.write(context.client, run, going({ ...run.status, ...more }, phase, said, context.clock.now()))
  if (written !== undefined && written !== run && event !== undefined) tell(context, run, event.said ?? said, event)
  return written
}

export type Ending = { phase: RunPhase; said: Said; more?: Partial<PipelineRunStatus> | undefined; at?: number | undefined }

/** Writes that the run has ended, for good. */
export async function finish(context: StatusWriting, run: KeptRun, { phase, said, more, at }: Ending): Promise<undefined> {
  const now = context.clock.now()
  const written = await context.writer.write(context.client, run, ended({ ...run.status, ...more }, phase, said, { now, at: at ?? now }))
  if (written === undefined || written === run) return undefined
  context.memories.delete(runKey(run))
  context.runMetrics.ended(run, written.status ?? {})
  tell(context, run, said, { action: phase === 'Succeeded' ? 'Finish' : phase, type: phase === 'Failed' ? 'Warning' : 'Normal' })
  context.admissions.see(runKey(run), written)
  return undefined
}

function tell({ events }: Pick<StatusWriting, 'events'>, run: KeptRun, { reason, message }: Said, { action, type = 'Normal' }: RunEvent): void {
  events.event(referenceTo(run), { type, reason, message, action })
}

/** Knows what was written until the cache shows it, so that no decision is taken on an older status than the one this process wrote. */
export class RunStatusWriter {
  readonly #written = new Map<string, KeptRun>()

  /** The run as the cache has it, or as it was written last if the cache does not show that yet. */
  latest(cached: KeptRun): KeptRun {
    const key = runKey(cached)
    const written = this.#written.get(key)
    if (written === undefined) return cached
    const { uid, resourceVersion } = cached.metadata
    if (uid === written.metadata.uid && isOlder(resourceVersion, written.metadata.resourceVersion)) return written
    this.#written.delete(key)
    return cached
  }

  /**
   * Writes the whole status if it differs from the run's; returns the run as it is then. Never overwrites a status this process has not
   * seen, such as one written by an operator that was frozen: returns undefined if the run has changed or is gone, which the cache will
   * show. `client` is that of the run's reconcile.
   */
  async write(client: Pick<KubeClient, 'apply'>, run: KeptRun, status: PipelineRunStatus): Promise<KeptRun | undefined> {
    const next = { ...status, observedGeneration: run.metadata.generation ?? 0 }
    if (isDeepStrictEqual({ ...run.status, observedGeneration: next.observedGeneration }, next)) return run
    const { name, namespace, uid, resourceVersion } = run.metadata
    const metadata = { name, namespace, uid, resourceVersion }
    try {
      const written = keepRun(await client.apply(pipelineRuns, { metadata, status: next }, { subresource: 'status' }))
      this.#written.set(runKey(run), written)
      return written
    } catch (error) {
      // The run was deleted or changed, or another one has its name now.
      if (isNotFound(error) || isConflict(error)) return undefined
      throw error
    }
  }

  forget(key: string): void {
    this.#written.delete(key)
  }
}

/** Resource versions are whole numbers that grow. */
function isOlder(one: string, other: string): boolean {
  return one.length === other.length ? one < other : one.length < other.length
}

/** The next status of a run that goes on. */
export function going(status: PipelineRunStatus, phase: RunPhase, said: Said, now: number): PipelineRunStatus {
  return { ...status, phase, conditions: conditions(status, 'Unknown', said, now) }
}

/** The last status of a run. `at` is when it ended: milliseconds since 1970. */
export function ended(status: PipelineRunStatus, phase: RunPhase, said: Said, { now, at }: { now: number; at: number }): PipelineRunStatus {
  const started = status.startTime === undefined ? undefined : Date.parse(status.startTime)
  const completed = Math.max(at, started ?? at)
  return {
    ...status,
    phase,
    conditions: conditions(status, phase === 'Succeeded' ? 'True' : 'False', said, now),
    completionTime: moment(completed),
    ...(started === undefined ? {} : { duration: shortDuration(completed - started) }),
  }
}

/** RFC 3339 to the second, as metav1.Time is written. */
export function moment(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`
}

const longestMessage = 4096

function conditions(before: PipelineRunStatus, status: Condition['status'], { reason, message }: Said, now: number): Condition[] {
  const last = succeededCondition(before)
  const lastTransitionTime = last?.status === status ? last.lastTransitionTime : moment(now)
  return [{ type: 'Succeeded', status, reason, message: shortened(message), lastTransitionTime }]
}

function shortened(message: string): string {
  return message.length <= longestMessage ? message : `${message.slice(0, longestMessage - 1)}…`
}
