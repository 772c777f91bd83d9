// Runs the controllers while this process leads, each with its own queue. Started by main.ts once for each term as leader.
import { type Caches, forward, type Handlers, showAll } from './cache/caches.ts'
import type { Controller, ControllerParts } from './controllers/controller.ts'
import { pipelineStatusController } from './controllers/pipeline-status/pipeline-status.ts'
import { ProgressBook } from './controllers/progress/book.ts'
import { progressController } from './controllers/progress/progress.ts'
import { retentionController } from './controllers/retention/retention.ts'
import { runController } from './controllers/run/run.ts'
import { ScheduleProblems } from './controllers/schedule/problems.ts'
import { scheduleController } from './controllers/schedule/schedule.ts'
import { aborted, sleep } from './kubernetes/clock.ts'
import { WorkQueue } from './kubernetes/queue.ts'
import { runWorkers } from './kubernetes/workers.ts'
import type { MachineryMetrics } from './metrics/controller.ts'

const controllers: readonly Controller[] = [runController, scheduleController, pipelineStatusController, retentionController, progressController]

export type TermOptions = Omit<ControllerParts, 'progress' | 'problems'> & { caches: Caches; metrics: Pick<MachineryMetrics, 'queue' | 'reconcile'> }

export type Term = {
  /** Handlers of cache changes. */
  handlers: Handlers
  /** Runs until the signal is aborted and active reconciles have ended or exceeded `shutdownTimeoutMs`. */
  run(signal: AbortSignal): Promise<void>
}

/** How long to wait for active reconciles at the end of the term. */
const shutdownTimeoutMs = 10_000

/** Call when the caches are filled, because every cached object is enqueued first. */
export function startTerm(options: TermOptions): Term {
  const { clock, random, metrics, caches } = options
  const parts = { ...options, progress: new ProgressBook(), problems: new ScheduleProblems() }
  const started = controllers.map((controller) => {
    const queue = new WorkQueue({ name: controller.name, clock, random, metrics: metrics.queue })
    return { workers: controller.workers, queue, ...controller.start(parts, queue) }
  })
  const handlers = forward(() => started.map(({ wakes }) => wakes))
  showAll(caches, handlers)
  return { handlers, run: (signal) => work(options, started, signal) }
}

type Working = { workers: number; queue: WorkQueue } & ReturnType<Controller['start']>

async function work({ report, metrics, clock }: TermOptions, started: readonly Working[], signal: AbortSignal): Promise<void> {
  const queued = started.flatMap(({ reconcile, ...one }) => (reconcile === undefined ? [] : [{ ...one, reconcile }]))
  const working = queued.map(({ queue, workers, reconcile }) => runWorkers(queue, workers, reconcile, { report, metrics: metrics.reconcile, clock }))
  const loops = started.flatMap(({ loops = [] }) => loops.map((loop) => loop(signal)))
  await aborted(signal)
  for (const { queue } of queued) void queue.shutdown()
  const done = new AbortController()
  await Promise.race([Promise.all([...working, ...loops]), sleep(clock, shutdownTimeoutMs, done.signal)])
  done.abort()
}
