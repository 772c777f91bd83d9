// The interface of a controller and the dependencies it is given. term.ts starts the controllers in its list.
import type { RunFailure } from '../../crds/status.ts'
import type { WorkerReport } from '../../crds/wire/worker-report.ts'
import type { Caches, Handlers } from '../cache/caches.ts'
import type { KubeClient } from '../kubernetes/client.ts'
import type { Clock } from '../kubernetes/clock.ts'
import type { EventRecorder } from '../kubernetes/events.ts'
import type { Report } from '../kubernetes/hooks.ts'
import type { WorkQueue } from '../kubernetes/queue.ts'
import type { Reconcile } from '../kubernetes/workers.ts'
import type { Limits } from '../limits.ts'
import type { RunMetrics } from '../metrics/runs.ts'
import type { LiveProgress, ProgressBook } from './progress/book.ts'
import type { ScheduleProblems } from './schedule/problems.ts'

/** Created for each term as leader, because state kept in memory may be stale after a time without the lease. */
export type Controller = {
  /** Name of its queue in metrics and in the log. */
  name: string
  /** Number of keys reconciled concurrently; 0 if the controller only has loops. */
  workers: number
  /** Called once, after the caches are filled. */
  start(parts: ControllerParts, queue: WorkQueue): Started
}

export type Started = {
  /** Reconciles a key of the queue. */
  reconcile?: Reconcile
  /** Handlers of cache changes; each enqueues keys. Called once for every cached object at the start. */
  wakes?: Partial<Handlers>
  /** Background work besides the queue. Each loop runs until the signal is aborted. */
  loops?: readonly ((signal: AbortSignal) => Promise<void>)[]
}

export type ControllerParts = {
  /** Rejects writes when this process does not hold the lease. */
  client: KubeClient
  caches: Caches
  events: Pick<EventRecorder, 'event'>
  settings: ControllerSettings
  /** The operator's own store, if configured. */
  store?: RunStore | undefined
  cancelSignal?: CancelSignal | undefined
  /** Sources of live progress, in order of preference. */
  progressSources: readonly { name: string; source: ProgressSource }[]
  /** Called after every read of a source; `error` is undefined if the read succeeded. */
  onProgressAnswer: (source: string, error: unknown | undefined) => void
  runMetrics: Pick<RunMetrics, 'ended' | 'pruned'>
  report: Report
  clock: Clock
  random: () => number
  /** In memory, shared by controllers. */
  progress: ProgressBook
  problems: ScheduleProblems
}

export type ControllerSettings = {
  /** Worker image for Pipelines without `spec.pod.image`. */
  workerImage: string
  /** Maximum number of active runs over all pipelines. */
  maxActiveRuns: number
  /** Limits set by the administrator. */
  limits: Limits
  /** How long the Job of a finished run is kept. */
  jobTtlMs: number
}

/** Identifies a run in the store: `namespace/name` of the PipelineRun, and its uid. */
export type StoredRun = { name: string; uid: string }

export interface RunStore {
  /** State and totals of a run; undefined if the store has no run of that name and uid. Rejects if the store is unreachable. */
  findTotals(run: StoredRun): Promise<WorkerReport | undefined>
  /** Ends a run that has no worker left. No effect if the store has no such run or the run has already ended. */
  end(run: StoredRun, state: 'Cancelled' | 'Failed', failure?: RunFailure): Promise<void>
  /** Deletes old runs and closed quarantine entries of a pipeline (its store name). Returns the number of deleted rows. */
  prune(pipeline: string, before: { runs: Date; quarantine: Date }): Promise<{ runs: number; quarantine: number }>
}

export interface CancelSignal {
  /**
   * Asks the workers of a run (its store name) to stop after their current batch; `token` is the cancel token of its snapshot. Rejects
   * if the signal cannot be sent.
   */
  cancel(run: string, token: string): Promise<void>
}

export interface ProgressSource {
  /** Progress by run (`namespace/name`); runs without known progress are missing. Rejects if the source is unreachable. */
  read(runs: readonly string[]): Promise<Map<string, LiveProgress>>
}
