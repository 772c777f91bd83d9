// The controller of pipelines' statuses: shows the schedule and the runs of each. One reconcile is one pipeline; writes only what changed.
import { isDeepStrictEqual } from 'node:util'
import { scheduleOf } from '../../../crds/defaults.ts'
import type { PipelineStatus } from '../../../crds/status.ts'
import { type KeptCronJob, type KeptPipeline, pipelineOfSchedule } from '../../cache/kept.ts'
import { type KeptRun, pipelineKey } from '../../cache/runs.ts'
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
    const its = { ...parts, ...caches, image: settings.workerImage, limits: settings.limits, nextTicks: new NextTicks() }
    return {
      reconcile: scopedController(its, reconcilePipeline),
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
  pipelines: Pick<Cache<KeptPipeline>, 'get'>
  cronJobs: Pick<Cache<KeptCronJob>, 'get'>
  /** Indexed by `pipeline`: `namespace/name` of the pipeline. */
  runs: Pick<Cache<KeptRun>, 'byIndex'>
  nextTicks: NextTicks
  /** What the administrator forbids. */
  limits: Limits
  /** As the schedule's controller has it, to tell whether the CronJob is as declared. */
  image: string
}

/** Several runs of a pipeline change together; its status can wait for all of them. */
const afterChangeMs = 1000
/** Recompute shortly after a tick, so that nextRun never shows the one that just fired. */
const afterTickMs = 500
/** Timers cannot wait for longer than 24 days. */
const longestWaitMs = 24 * 3_600_000

/** Keys are `namespace/name` of pipelines. */
function reconcilePipeline(its: PipelineStatusParts): Reconcile {
  return async (key) => {
    const pipeline = its.pipelines.get(key)
    if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) {
      its.nextTicks.forget(key)
      return undefined
    }
    const now = its.clock.now()
    const nextTick = nextTickOf(its, key, pipeline, now)
    const found = its.cronJobs.get(`${pipeline.metadata.namespace}/${cronJobName(pipeline.metadata.name)}`)
    const { act } = decideCronJob(pipeline, cronJobFor(pipeline, its.image), found)
    const runs = its.runs.byIndex('pipeline', key)
    await write(
      its,
      pipeline,
      decideStatus({
        pipeline,
        runs,
        problem: its.problems.get(key),
        scheduled: act === 'nothing',
        forbidden: limitProblem(pipeline.spec, its.limits),
        nextTick,
        now,
      }),
    )
    return nextTick === undefined ? undefined : { again: Math.min(nextTick - now + afterTickMs, longestWaitMs) }
  }
}

function nextTickOf(its: PipelineStatusParts, key: string, pipeline: KeptPipeline, now: number): number | undefined {
  const schedule = scheduleOf(pipeline.spec)
  if (schedule === undefined || schedule.suspend || its.problems.get(key) !== undefined) return undefined
  return its.nextTicks.after(key, schedule, now)
}

async function write(its: PipelineStatusParts, pipeline: KeptPipeline, status: PipelineStatus): Promise<void> {
  if (isDeepStrictEqual(status, pipeline.status)) return
  const { name, namespace, uid, resourceVersion } = pipeline.metadata
  try {
    await its.client.apply(pipelines, { metadata: { name, namespace, uid, resourceVersion }, status }, { subresource: 'status' })
  } catch (error) {
    // It was deleted or changed, or another one has its name now; the cache will hear of that.
    if (isNotFound(error) || isConflict(error)) return
    throw error
  }
  tell(its, pipeline, status)
}

/** An Event when the verdict on the pipeline is another than before. */
function tell({ events }: PipelineStatusParts, pipeline: KeptPipeline, { conditions }: PipelineStatus): void {
  const ready = conditions?.find(({ type }) => type === 'Ready')
  const before = pipeline.status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready === undefined || ready.reason === 'Scheduling' || (before?.reason === ready.reason && before.message === ready.message)) return
  const { apiVersion, kind, name, uid } = ownedByPipeline(pipeline)
  const { reason, message } = ready
  const type = ready.status === 'True' ? 'Normal' : 'Warning'
  events.event({ apiVersion, kind, name, uid, namespace: pipeline.metadata.namespace }, { type, reason, message, action: 'Schedule' })
}
