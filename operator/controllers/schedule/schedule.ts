// The schedule controller: keeps the CronJob of each scheduled pipeline as declared, and creates a PipelineRun for each of its ticks. One
// reconcile handles one pipeline. Started by term.ts.
import { type CachedCronJob, type CachedPipeline, type CachedTick, toCachedCronJob as keep, pipelineOfSchedule } from '../../cache/cached.ts'
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
  pipelines: Pick<Cache<CachedPipeline>, 'get'>
  cronJobs: Pick<Cache<CachedCronJob>, 'get'>
  /** Indexed by `pipeline`: `namespace/name` of the pipeline. */
  ticks: Pick<Cache<CachedTick>, 'byIndex'>
  /** Image of the pod template, which is never started. */
  image: string
}

/** The garbage collector deletes a CronJob within seconds. */
const garbageCollectionRetryMs = 1000
const staleCacheRetryMs = 500
/** A foreign CronJob without the operator's label is not watched, so check periodically whether it has been deleted. */
const nameTakenRetryMs = 60_000

/** Keys are `namespace/name` of pipelines. */
function reconcileSchedule(deps: ScheduleParts): Reconcile {
  return async (key) => {
    const pipeline = deps.pipelines.get(key)
    if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) {
      deps.problems.clear(key)
      return undefined
    }
    const cronJob = deps.cronJobs.get(`${pipeline.metadata.namespace}/${cronJobName(pipeline.metadata.name)}`)
    const again = await toCachedCronJob(deps, key, pipeline, cronJob)
    if (cronJob === undefined) return again
    try {
      await handleTicks(deps, key, pipeline, cronJob)
      return again
    } catch (error) {
      // The cache does not show the decision about a tick yet.
      if (isConflict(error)) return { requeueAfterMs: staleCacheRetryMs }
      throw error
    }
  }
}

async function toCachedCronJob(deps: ScheduleParts, key: string, pipeline: CachedPipeline, found: CachedCronJob | undefined) {
  const wanted = cronJobFor(pipeline, deps.image)
  const { act } = await decided(deps, pipeline, wanted, found)
  if (act === 'wait') return { requeueAfterMs: garbageCollectionRetryMs }
  if (act === 'giveUp') {
    const name = cronJobName(pipeline.metadata.name)
    const message = `CronJob ${name} exists and does not belong to this Pipeline; delete the CronJob, or rename the Pipeline`
    deps.problems.set(key, { generation: pipeline.metadata.generation, reason: 'ScheduleNameTaken', message })
    return { requeueAfterMs: nameTakenRetryMs }
  }
  if (act === 'delete' && found !== undefined) await deleteCronJob(deps, found)
  if (act === 'apply' && wanted !== undefined) await applyCronJob(deps, key, pipeline, wanted)
  else deps.problems.clear(key)
  return undefined
}

/** A CronJob without the operator's label is not cached and must not be taken over, so ask the API server before creating one. */
async function decided({ client }: ScheduleParts, pipeline: CachedPipeline, wanted: Draft<CronJob> | undefined, found: CachedCronJob | undefined) {
  const decision = decideCronJob(pipeline, wanted, found)
  if (decision.act !== 'apply' || found !== undefined) return decision
  const { name, namespace } = pipeline.metadata
  const existing = await client.get(cronJobs, cronJobName(name), namespace)
  return existing === undefined ? decision : decideCronJob(pipeline, wanted, keep(existing))
}

/** The garbage collector then deletes the ticks of the CronJob. */
async function deleteCronJob({ client }: ScheduleParts, { metadata }: CachedCronJob): Promise<void> {
  await client.delete(cronJobs, metadata.name, metadata.namespace, { propagation: 'Background', preconditions: { uid: metadata.uid } })
}

/** Records a refusal by the API server for the pipeline's status. An invalid CronJob is not retried until the pipeline changes. */
async function applyCronJob(deps: ScheduleParts, key: string, { metadata }: CachedPipeline, wanted: Draft<CronJob>): Promise<void> {
  try {
    await deps.client.apply(cronJobs, wanted)
    deps.problems.clear(key)
  } catch (error) {
    const refused = error instanceof ApiError && (error.status === 422 || error.status === 403 || error.status === 400)
    if (!refused) throw error
    const said = error.message.replace(/^.* \d{3} (CronJob\.batch "[^"]*" is invalid: )?/, '')
    deps.problems.set(key, { generation: metadata.generation, reason: 'ScheduleRefused', message: `the schedule is refused: ${said}; correct spec.schedule` })
    if (!isInvalid(error)) throw error
  }
}
