// What works while this process leads: controllers, their queues and workers, sweeps and progress. Made anew for each term,
// because what it knows beyond the caches may be out of date after a time without the lease. Called by main.ts.

import type { Caches, Handlers } from './caches.ts'
import type { RunControllerSettings } from './controllers/parts.ts'
import { pipelineStatusController } from './controllers/pipeline-status/controller.ts'
import { NextTicks } from './controllers/pipeline-status/next-ticks.ts'
import type { CancelSignal, RunStore } from './controllers/ports.ts'
import { Progress, type ProgressSource } from './controllers/progress/progress.ts'
import { expired, retentionController } from './controllers/retention/controller.ts'
import { pruneStore } from './controllers/retention/prune-store.ts'
import { sweep } from './controllers/retention/sweep.ts'
import { createRunController } from './controllers/run.ts'
import { pipelineKey } from './controllers/run-state.ts'
import { scheduleController } from './controllers/schedule/controller.ts'
import { ScheduleProblems } from './controllers/schedule/problems.ts'
import { pipelineOfSchedule } from './kept.ts'
import type { KubeClient } from './kubernetes/client.ts'
import { aborted, type Clock, sleep } from './kubernetes/clock.ts'
import type { EventRecorder } from './kubernetes/events.ts'
import type { Report } from './kubernetes/hooks.ts'
import { WorkQueue } from './kubernetes/queue.ts'
import { scopedController } from './kubernetes/scoped.ts'
import { type Reconcile, runWorkers } from './kubernetes/workers.ts'
import type { MachineryMetrics } from './metrics/controller.ts'
import type { RunMetrics } from './metrics/runs.ts'

export type TermOptions = {
  /** Guarded by leadership. */
  client: KubeClient
  caches: Caches
  events: EventRecorder
  settings: RunControllerSettings & { jobTtlMs: number }
  store: (RunStore & { prune: Parameters<typeof pruneStore>[0]['prune'] }) | undefined
  cancelSignal: CancelSignal | undefined
  /** Where live progress comes from, the preferred first. */
  progressSources: readonly { name: string; source: ProgressSource }[]
  onProgressAnswer: (source: string, error: unknown | undefined) => void
  metrics: Pick<MachineryMetrics, 'queue' | 'reconcile'>
  runMetrics: Pick<RunMetrics, 'ended' | 'pruned'>
  report: Report
  clock: Clock
  random: () => number
}

export type Term = {
  /** For what changes in the caches. */
  handlers: Handlers
  /** Works until the signal is aborted and what was in hand is done, or has taken too long. */
  run(signal: AbortSignal): Promise<void>
}

const workers = { run: 16, schedule: 4, pipelineStatus: 4, retention: 2 } as const
/** Several runs of a pipeline change together; its status can wait for all of them. */
const statusAfterMs = 1000
/** Longest wait for what is in hand at the end. */
const patienceMs = 10_000

type Queues = Record<keyof typeof workers, WorkQueue>

/** Call it when the caches are filled: what is in them is looked at first. */
export function startTerm(options: TermOptions): Term {
  const { clock, random, metrics } = options
  const queue = (name: string) => new WorkQueue({ name, clock, random, metrics: metrics.queue })
  const queues: Queues = { run: queue('run'), schedule: queue('schedule'), pipelineStatus: queue('pipelineStatus'), retention: queue('retention') }
  const progress = progressOf(options, queues)
  const runs = createRunController({
    ...options,
    ...options.caches,
    queue: queues.run,
    recorder: options.events,
    progress,
    onEnded: options.runMetrics.ended,
  })
  const reconcilers: Record<keyof Queues, Reconcile> = { run: runs.reconcile, ...reconcilersOf(options, queues) }
  const handlers = handlersOf(queues, runs)
  feed(options.caches, handlers)
  return { handlers, run: (signal) => work(options, { queues, reconcilers, progress }, signal) }
}

function progressOf({ progressSources, caches, clock, random, onProgressAnswer }: TermOptions, { run }: Queues): Progress {
  return new Progress({ sources: progressSources, runs: caches.runs, wake: (key) => run.add(key), onAnswer: onProgressAnswer, clock, random })
}

function reconcilersOf({ client, caches, events, clock, settings }: TermOptions, queues: Queues) {
  const problems = new ScheduleProblems((pipeline) => queues.pipelineStatus.add(pipeline))
  const common = {
    client,
    events,
    clock,
    problems,
    ...caches,
    image: settings.workerImage,
    limits: settings.limits,
    jobTtlMs: settings.jobTtlMs,
    nextTicks: new NextTicks(),
  }
  return {
    schedule: scopedController(common, scheduleController),
    pipelineStatus: scopedController(common, pipelineStatusController),
    retention: scopedController(common, retentionController),
  }
}

function handlersOf(queues: Queues, runs: ReturnType<typeof createRunController>): Handlers {
  const status = (pipeline: string) => queues.pipelineStatus.addAfter(pipeline, statusAfterMs)
  return {
    pipelines: (key, kept, before) => {
      queues.schedule.add(key)
      status(key)
      runs.onPipeline(key, kept, before)
    },
    runs: (key, kept, before) => {
      runs.onRun(key, kept, before)
      const run = kept ?? before
      if (run !== undefined && (kept?.status?.phase !== before?.status?.phase || kept === undefined || before === undefined)) status(pipelineKey(run))
    },
    cronJobs: (_key, kept, before) => {
      const cronJob = kept ?? before
      if (cronJob === undefined) return
      queues.schedule.add(pipelineOfSchedule(cronJob))
      status(pipelineOfSchedule(cronJob))
    },
    ticks: (_key, kept) => {
      if (kept !== undefined) queues.schedule.add(pipelineOfSchedule(kept))
    },
    jobs: runs.onJob,
    pods: runs.onPod,
  }
}

/** Shows the handlers all that is there, as if it had just been seen. */
function feed(caches: Caches, handlers: Handlers): void {
  const one = <Kind extends keyof Caches>(kind: Kind) => {
    for (const key of caches[kind].keys()) (handlers[kind] as (key: string, kept: unknown, before: undefined) => void)(key, caches[kind].get(key), undefined)
  }
  for (const kind of ['pipelines', 'cronJobs', 'ticks', 'pods', 'jobs', 'runs'] as const) one(kind)
}

type Work = { queues: Queues; reconcilers: Record<keyof Queues, Reconcile>; progress: Progress }

async function work(options: TermOptions, { queues, reconcilers, progress }: Work, signal: AbortSignal): Promise<void> {
  const { report, metrics, clock, random, caches, settings, client, store, runMetrics } = options
  const names = Object.keys(workers) as (keyof Queues)[]
  const working = names.map((name) => runWorkers(queues[name], workers[name], reconcilers[name], { report, metrics: metrics.reconcile, clock }))
  const { retention } = queues
  const due = () => expired({ client, clock, ...caches, jobTtlMs: settings.jobTtlMs })
  const loops = [progress.run(signal), sweep({ clock, random, due, addAfter: (key, milliseconds) => retention.addAfter(key, milliseconds) }, signal)]
  if (store !== undefined) {
    const onPruned = (rows: { runs: number; quarantine: number }) => {
      runMetrics.pruned('runs', rows.runs)
      runMetrics.pruned('quarantine', rows.quarantine)
    }
    loops.push(pruneStore({ prune: store.prune, pipelines: caches.pipelines, onPruned, report, clock, random }, signal))
  }
  await aborted(signal)
  for (const name of names) void queues[name].shutdown()
  const done = new AbortController()
  await Promise.race([Promise.all([...working, ...loops]), sleep(clock, patienceMs, done.signal)])
  done.abort()
}
