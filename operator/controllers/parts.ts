// What the controller of runs is made of; main.ts hands it in, tests hand in what they like.
import type { PipelineRunStatus } from '../../crds/status.ts'
import type { KeptPipeline, KeptRun } from '../kept.ts'
import type { Cache } from '../kubernetes/cache.ts'
import type { KubeClient } from '../kubernetes/client.ts'
import type { Clock } from '../kubernetes/clock.ts'
import type { EventRecorder } from '../kubernetes/events.ts'
import type { Report } from '../kubernetes/hooks.ts'
import type { WorkQueue } from '../kubernetes/queue.ts'
import type { Reconcile } from '../kubernetes/workers.ts'
import type { Limits } from '../limits.ts'
import type { KeptJob } from './observe/kept-job.ts'
import type { KeptPod } from './observe/kept-pod.ts'
import type { CancelSignal, ProgressBook, RunStore } from './ports.ts'

export type RunParts = {
  /** Guarded by leadership. */
  client: KubeClient
  runs: Cache<KeptRun>
  pipelines: Cache<KeptPipeline>
  /** The Jobs of runs only (label component=worker), by `keepJob`. */
  jobs: Cache<KeptJob>
  /** Their pods, by `keepPod`, with `podIndexes`. */
  pods: Cache<KeptPod>
  queue: Pick<WorkQueue, 'add' | 'addAfter'>
  recorder: Pick<EventRecorder, 'event'>
  settings: RunControllerSettings
  clock: Clock
  report: Report
  store?: RunStore | undefined
  cancelSignal?: CancelSignal | undefined
  progress?: ProgressBook | undefined
  /** Told once about each run that ended, for metrics. */
  onEnded?: ((run: KeptRun, status: PipelineRunStatus) => void) | undefined
}

export type RunControllerSettings = {
  /** Image of workers whose Pipeline names none. */
  workerImage: string
  /** How many runs of all pipelines may be at work at the same time. */
  maxActiveRuns: number
  /** What the administrator forbids. */
  limits: Limits
}

type OnChange<Kept> = (key: string, kept: Kept | undefined, before: Kept | undefined) => void

/** `reconcile` goes to the workers of the queue, the others to the reflectors. */
export type RunController = {
  reconcile: Reconcile
  onRun: OnChange<KeptRun>
  onPipeline: OnChange<KeptPipeline>
  onJob: OnChange<KeptJob>
  onPod: OnChange<KeptPod>
}
