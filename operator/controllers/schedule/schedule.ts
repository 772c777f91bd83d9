// The controller of schedules: keeps the CronJob of each scheduled pipeline as declared, and turns its ticks into PipelineRuns. One
// reconcile is one pipeline.
import { type KeptCronJob, type KeptPipeline, type KeptTick, keepCronJob as keep, pipelineOfSchedule } from '../../cache/kept.ts'
import { ApiError, isConflict, isInvalid } from '../../kubernetes/api-error.ts'
import type { Cache } from '../../kubernetes/cache.ts'
import type { Draft } from '../../kubernetes/client.ts'
import type { CronJob } from '../../kubernetes/objects.ts'
import { cronJobs } from '../../kubernetes/resources.ts'
import { scopedController } from '../../kubernetes/scoped.ts'
import type { Reconcile } from '../../kubernetes/workers.ts'
import type { Controller, ControllerParts } from '../controller.ts'
import { handleTicks } from './act-ticks.ts'
import { cronJobFor, cronJobName } from './cron-job.ts'
import { decideCronJob } from './decide.ts'

export const scheduleController = {
  name: 'schedule',
  workers: 4,
  start: (parts, queue) => ({
    reconcile: scopedController({ ...parts, ...parts.caches, image: parts.settings.workerImage }, reconcileSchedule),
    wakes: {
      pipelines: (key) => queue.add(key),
      cronJobs: (_key, kept, before) => {
        const cronJob = kept ?? before
        if (cronJob !== undefined) queue.add(pipelineOfSchedule(cronJob))
      },
      ticks: (_key, kept) => {
        if (kept !== undefined) queue.add(pipelineOfSchedule(kept))
      },
    },
  }),
} satisfies Controller

export type ScheduleParts = Pick<ControllerParts, 'client' | 'events' | 'clock' | 'problems'> & {
  pipelines: Pick<Cache<KeptPipeline>, 'get'>
  cronJobs: Pick<Cache<KeptCronJob>, 'get'>
  /** Indexed by `pipeline`: `namespace/name` of the pipeline. */
  ticks: Pick<Cache<KeptTick>, 'byIndex'>
  /** For the pod template that is never started. */
  image: string
}

/** A CronJob that is being collected is gone within seconds. */
const collectedAfterMs = 1000
const staleCacheMs = 500
/** A CronJob without our label is not watched, so look again to see whether it is gone. */
const takenLookMs = 60_000

/** Keys are `namespace/name` of pipelines. */
function reconcileSchedule(its: ScheduleParts): Reconcile {
  return async (key) => {
    const pipeline = its.pipelines.get(key)
    if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) {
      its.problems.clear(key)
      return undefined
    }
    const cronJob = its.cronJobs.get(`${pipeline.metadata.namespace}/${cronJobName(pipeline.metadata.name)}`)
    const again = await keepCronJob(its, key, pipeline, cronJob)
    if (cronJob === undefined) return again
    try {
      await handleTicks(its, key, pipeline, cronJob)
      return again
    } catch (error) {
      // The cache does not know yet what was decided about a tick.
      if (isConflict(error)) return { again: staleCacheMs }
      throw error
    }
  }
}

async function keepCronJob(its: ScheduleParts, key: string, pipeline: KeptPipeline, found: KeptCronJob | undefined) {
  const wanted = cronJobFor(pipeline, its.image)
  const { act } = await decided(its, pipeline, wanted, found)
  if (act === 'wait') return { again: collectedAfterMs }
  if (act === 'giveUp') {
    const name = cronJobName(pipeline.metadata.name)
    const message = `the CronJob ${name} belongs to somebody else; delete it, or name the pipeline otherwise`
    its.problems.set(key, { generation: pipeline.metadata.generation, reason: 'ScheduleNameTaken', message })
    return { again: takenLookMs }
  }
  if (act === 'delete' && found !== undefined) await deleteCronJob(its, found)
  if (act === 'apply' && wanted !== undefined) await applyCronJob(its, key, pipeline, wanted)
  else its.problems.clear(key)
  return undefined
}

/** One without our label is in no cache of ours, and must not be taken over: before a CronJob is made, the API server is asked. */
async function decided({ client }: ScheduleParts, pipeline: KeptPipeline, wanted: Draft<CronJob> | undefined, found: KeptCronJob | undefined) {
  const decision = decideCronJob(pipeline, wanted, found)
  if (decision.act !== 'apply' || found !== undefined) return decision
  const { name, namespace } = pipeline.metadata
  const there = await client.get(cronJobs, cronJobName(name), namespace)
  return there === undefined ? decision : decideCronJob(pipeline, wanted, keep(there))
}

/** Its ticks go with it. */
async function deleteCronJob({ client }: ScheduleParts, { metadata }: KeptCronJob): Promise<void> {
  await client.delete(cronJobs, metadata.name, metadata.namespace, { propagation: 'Background', preconditions: { uid: metadata.uid } })
}

/** The pipeline's status shows what the API server refuses. What it refuses as invalid is not retried until something changes. */
async function applyCronJob(its: ScheduleParts, key: string, { metadata }: KeptPipeline, wanted: Draft<CronJob>): Promise<void> {
  try {
    await its.client.apply(cronJobs, wanted)
    its.problems.clear(key)
  } catch (error) {
    const refused = error instanceof ApiError && (error.status === 422 || error.status === 403 || error.status === 400)
    if (!refused) throw error
    const said = error.message.replace(/^.* \d{3} (CronJob\.batch "[^"]*" is invalid: )?/, '')
    its.problems.set(key, { generation: metadata.generation, reason: 'ScheduleRefused', message: `the schedule is refused: ${said}; correct spec.schedule` })
    if (!isInvalid(error)) throw error
  }
}
