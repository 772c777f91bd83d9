// What a controller says of itself, and what it is given. term.ts starts those that its list names.
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

/** Made anew for each term as leader: what it remembers may be out of date after a time without the lease. */
export type Controller = {
  /** Of its queue, in metrics and in the log. */
  name: string
  /** Keys it reconciles at the same time; 0 if it only has loops. */
  workers: number
  /** Called once, when the caches are filled. */
  start(parts: ControllerParts, queue: WorkQueue): Started
}

export type Started = {
  /** Reconciles a key of the queue. */
  reconcile?: Reconcile
  /** What wakes it: each handler enqueues keys. Called for everything in the caches at first. */
  wakes?: Partial<Handlers>
  /** Work besides the queue, each until the signal. */
  loops?: readonly ((signal: AbortSignal) => Promise<void>)[]
}

export type ControllerParts = {
  /** Writes only while this process leads. */
  client: KubeClient
  caches: Caches
  events: Pick<EventRecorder, 'event'>
  settings: ControllerSettings
  /** The operator's own store, if it was given one. */
  store?: RunStore | undefined
  cancelSignal?: CancelSignal | undefined
  /** Where live progress comes from, the preferred first. */
  progressSources: readonly { name: string; source: ProgressSource }[]
  /** Called with each source every time it was asked. */
  onProgressAnswer: (source: string, error: unknown | undefined) => void
  runMetrics: Pick<RunMetrics, 'ended' | 'pruned'>
  report: Report
  clock: Clock
  random: () => number
  /** Shared by controllers, in memory. */
  progress: ProgressBook
  problems: ScheduleProblems
}

export type ControllerSettings = {
  /** Image of workers whose Pipeline names none. */
  workerImage: string
  /** How many runs of all pipelines may be at work at the same time. */
  maxActiveRuns: number
  /** What the administrator forbids. */
  limits: Limits
  /** How long the Job of a finished run is kept. */
  jobTtlMs: number
}

/** A run as the store knows it: `namespace/name` of the PipelineRun, and its uid. */
export type StoredRun = { name: string; uid: string }

export interface RunStore {
  /** What the store knows of a run; undefined if it has none of that name and uid. Rejects if it cannot be asked. */
  findTotals(run: StoredRun): Promise<WorkerReport | undefined>
  /** Ends a run that no worker works on; without effect if the store has no such run or it ended by itself. */
  end(run: StoredRun, state: 'Cancelled' | 'Failed', failure?: RunFailure): Promise<void>
  /** Deletes runs and closed quarantine entries of a pipeline (its store name); returns how many of each. */
  prune(pipeline: string, before: { runs: Date; quarantine: Date }): Promise<{ runs: number; quarantine: number }>
}

export interface CancelSignal {
  /**
   * Asks the workers of a run (its store name) to stop after the batch in hand; `token` is that of its snapshot. Rejects if they
   * cannot be reached.
   */
  cancel(run: string, token: string): Promise<void>
}

export interface ProgressSource {
  /** How far these runs are (`namespace/name`); what is not known is missing. Rejects if it cannot be asked. */
  read(runs: readonly string[]): Promise<Map<string, LiveProgress>>
}
