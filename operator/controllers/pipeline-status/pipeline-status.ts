// The pipeline status controller: writes schedule and runs of each pipeline to its status. One reconcile handles one pipeline and writes
// only if the status changed. Started by term.ts.
import { isDeepStrictEqual } from 'node:util'
import { scheduleOf } from '../../../crds/defaults.ts'
import type { PipelineStatus } from '../../../crds/status.ts'
import { type CachedCronJob, type CachedPipeline, pipelineOfSchedule } from '../../cache/cached.ts'
import { type CachedRun, pipelineKey } from '../../cache/runs.ts'
import { isConflict, isNotFound } from '../../kubernetes/api-error.ts'
import type { Cache } from '../../kubernetes/cache.ts'
import { pipelines } from '../../kubernetes/resources.ts'
import { scopedController } from '../../kubernetes/scoped.ts'
import type { Reconcile } from '../../kubernetes/workers.ts'
import { type Limits, limitProblem } from '../../limits.ts'
import type { Controller, ControllerParts } from '../controller.ts'
import { cronJobFor, cronJobName, ownedByPipeline } from '../schedule/cron-job.ts'
import { decideCronJob } from '../schedule/decide.ts'
import { decideStatus } from './decide.ts'
import { NextTicks } from './next-ticks.ts'

export const pipelineStatusController = {
  name: 'pipelineStatus',
  workers: 4,
  start: (parts, queue) => {
    const { caches, settings, problems } = parts
    const soon = (pipeline: string) => queue.addAfter(pipeline, afterChangeMs)
    problems.onNews((pipeline) => queue.add(pipeline))
    const deps = { ...parts, ...caches, image: settings.workerImage, limits: settings.limits, nextTicks: new NextTicks() }
    return {
      reconcile: scopedController(deps, reconcilePipeline),
      wakes: {
        pipelines: soon,
        runs: (_key, kept, before) => {
          const run = kept ?? before
          if (run !== undefined && (kept?.status?.phase !== before?.status?.phase || kept === undefined || before === undefined)) soon(pipelineKey(run))
        },
        cronJobs: (_key, kept, before) => {
          const cronJob = kept ?? before
          if (cronJob !== undefined) soon(pipelineOfSchedule(cronJob))
        },
      },
    }
  },
} satisfies Controller

type PipelineStatusParts = Pick<ControllerParts, 'client' | 'events' | 'clock' | 'problems'> & {
  pipelines: Pick<Cache<CachedPipeline>, 'get'>
  cronJobs: Pick<Cache<CachedCronJob>, 'get'>
  /** Indexed by `pipeline`: `namespace/name` of the pipeline. */
  runs: Pick<Cache<CachedRun>, 'byIndex'>
  nextTicks: NextTicks
  /** Limits set by the administrator. */
  limits: Limits
  /** The same image as in the schedule controller, to check whether the CronJob is as declared. */
  image: string
}

/** Runs of a pipeline often change together, so delay the reconcile to write the status once. */
const afterChangeMs = 1000
/** Recompute shortly after a tick, so that nextRun never shows the one that just fired. */
const afterTickMs = 500
/** Timers of Node.js cannot wait for more than 24 days. */
const longestWaitMs = 24 * 3_600_000

/** Keys are `namespace/name` of pipelines. */
function reconcilePipeline(deps: PipelineStatusParts): Reconcile {
  return async (key) => {
    const pipeline = deps.pipelines.get(key)
    if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) {
      deps.nextTicks.forget(key)
      return undefined
    }
    const now = deps.clock.now()
    const nextTick = nextTickOf(deps, key, pipeline, now)
    const found = deps.cronJobs.get(`${pipeline.metadata.namespace}/${cronJobName(pipeline.metadata.name)}`)
    const { act } = decideCronJob(pipeline, cronJobFor(pipeline, deps.image), found)
    const runs = deps.runs.byIndex('pipeline', key)
    await write(
      deps,
      pipeline,
      decideStatus({
        pipeline,
        runs,
        problem: deps.problems.get(key),
        scheduled: act === 'nothing',
        forbidden: limitProblem(pipeline.spec, deps.limits),
        nextTick,
        now,
      }),
    )
    return nextTick === undefined ? undefined : { requeueAfterMs: Math.min(nextTick - now + afterTickMs, longestWaitMs) }
  }
}

function nextTickOf(deps: PipelineStatusParts, key: string, pipeline: CachedPipeline, now: number): number | undefined {
  const schedule = scheduleOf(pipeline.spec)
  if (schedule === undefined || schedule.suspend || deps.problems.get(key) !== undefined) return undefined
  return deps.nextTicks.after(key, schedule, now)
}

async function write(deps: PipelineStatusParts, pipeline: CachedPipeline, status: PipelineStatus): Promise<void> {
  if (isDeepStrictEqual(status, pipeline.status)) return
  const { name, namespace, uid, resourceVersion } = pipeline.metadata
  try {
    await deps.client.apply(pipelines, { metadata: { name, namespace, uid, resourceVersion }, status }, { subresource: 'status' })
  } catch (error) {
    // The pipeline was deleted, changed or recreated; the cache will show that and cause another reconcile.
    if (isNotFound(error) || isConflict(error)) return
    throw error
  }
  recordEvent(deps, pipeline, status)
}

/** Records an Event when reason or message of the Ready condition has changed. */
function recordEvent({ events }: PipelineStatusParts, pipeline: CachedPipeline, { conditions }: PipelineStatus): void {
  const ready = conditions?.find(({ type }) => type === 'Ready')
  const before = pipeline.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready === undefined || ready.reason === 'Scheduling' || (before?.reason === ready.reason && before.message === ready.message)) return
  const { apiVersion, kind, name, uid } = ownedByPipeline(pipeline)
  const { reason, message } = ready
  const type = ready.status === 'True' ? 'Normal' : 'Warning'
  events.event({ apiVersion, kind, name, uid, namespace: pipeline.metadata.namespace }, { type, reason, message, action: 'Schedule' })
}
