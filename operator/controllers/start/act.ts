// Starts an admitted run: snapshot, Job, status, in this order, each of which may have happened before. A run has one Job, ever.
import { labels } from '../../../crds/metadata.ts'
import type { Pipeline } from '../../../crds/pipeline.ts'
import type { PipelineRun } from '../../../crds/pipeline-run.ts'
import { type RunSnapshot, snapshotName } from '../../../crds/snapshot.ts'
import { type KeptRun, keepRun } from '../../kept.ts'
import type { Job, KubeObject } from '../../kubernetes/objects.ts'
import { apiVersionOf, configMaps, jobs, pipelineRuns, pipelines } from '../../kubernetes/resources.ts'
import { awaitPipeline } from '../admission/act.ts'
import { type Again, finish, goOn, type RunContext, tell } from '../run-context.ts'
import { runKey } from '../run-state.ts'
import { moment } from '../run-status.ts'
import { createOwned } from './create.ts'
import { pipelineProblem } from './decide.ts'
import { runJob } from './job.ts'
import { refused } from './refused.ts'
import { snapshotConfigMap, snapshotIn, snapshotOf } from './snapshot.ts'

/** How soon to look again when the cache is behind the server. */
const cacheLagMs = 1000

/** Reads run and Pipeline freshly: an old cache must neither start a run twice nor start an old declaration. */
export async function startRun(context: RunContext, run: KeptRun): Promise<Again> {
  const { name, namespace, uid } = run.metadata
  const { client } = context
  const [fresh, pipeline] = await Promise.all([client.get(pipelineRuns, name, namespace), client.get(pipelines, run.spec.pipelineRef.name, namespace)])
  if (fresh === undefined || !isToStart(fresh, uid)) return { again: cacheLagMs }
  if (context.jobs.get(runKey(run))?.owner?.uid === uid) return await foundJob(context, run)
  if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) return await awaitPipeline(context, run)
  const problem = pipelineProblem(pipeline.spec)
  if (problem !== undefined) {
    const message = `Pipeline ${pipeline.metadata.name} cannot be run: ${problem}`
    return await finish(context, run, { phase: 'Failed', said: { reason: 'PipelineInvalid', message } })
  }
  try {
    return await create(context, await adopt(context, fresh, pipeline), pipeline)
  } catch (error) {
    return await refused(context, run, error)
  }
}

function isToStart({ metadata, spec, status }: PipelineRun, uid: string): boolean {
  const untouched = status?.startTime === undefined && status?.completionTime === undefined && spec.cancel !== true
  return untouched && metadata.uid === uid && metadata.deletionTimestamp === undefined
}

async function create(context: RunContext, fresh: PipelineRun, pipeline: Pipeline): Promise<Again> {
  const run = keepRun(fresh)
  const made = snapshotConfigMap(snapshotOf(fresh, pipeline), pipeline.metadata.generation ?? 0)
  const { snapshot, generation } = snapshotIn(await createOwned(context.client, configMaps, made, run.metadata.uid))
  const job = await createOwned(context.client, jobs, runJob(snapshot, context.settings.workerImage), run.metadata.uid)
  await started(context, run, job, { snapshot, generation })
  return undefined
}

/** An operator ended between creating the Job and writing that down. */
async function foundJob(context: RunContext, run: KeptRun): Promise<Again> {
  const { name, namespace } = run.metadata
  const [job, configMap] = await Promise.all([context.client.get(jobs, name, namespace), context.client.get(configMaps, snapshotName(name), namespace)])
  if (job !== undefined) await started(context, run, job, configMap && snapshotIn(configMap))
  return job === undefined ? { again: cacheLagMs } : undefined
}

async function started(context: RunContext, run: KeptRun, job: Job, held: { snapshot: RunSnapshot; generation: number } | undefined): Promise<void> {
  const workers = job.spec?.completions ?? 1
  const news = await goOn(context, run, 'Starting', startingWith(workers), {
    startTime: job.metadata.creationTimestamp ?? moment(context.clock.now()),
    jobName: job.metadata.name,
    ...(held === undefined ? {} : { snapshotName: snapshotName(run.metadata.name), pipelineGeneration: held.generation }),
  })
  if (!news) return
  const generation = held === undefined ? '' : ` from generation ${held.generation} of Pipeline ${run.spec.pipelineRef.name}`
  tell(context, run, { reason: 'Started', message: `created Job ${job.metadata.name} with ${workersOf(workers)}${generation}` }, 'Start')
}

function startingWith(workers: number) {
  return { reason: 'Starting', message: `waits for its ${workers === 1 ? 'worker' : `${workers} workers`} to start` }
}

export function workersOf(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}

/** A run made by hand gets the label and the owner that a scheduled one is made with. Answers the run as it is then. */
async function adopt({ client }: RunContext, run: PipelineRun & KubeObject, { metadata: pipeline }: Pipeline): Promise<PipelineRun> {
  const { metadata } = run
  const { name, namespace, uid, resourceVersion } = metadata
  const owned = metadata.ownerReferences?.some((owner) => owner.uid === pipeline.uid)
  if (owned && metadata.labels?.[labels.pipeline] === pipeline.name) return run
  const owner = { apiVersion: apiVersionOf(pipelines), kind: pipelines.kind, name: pipeline.name, uid: pipeline.uid ?? '' }
  const ownerReferences = owned ? undefined : [...(metadata.ownerReferences ?? []), owner]
  const patch = { metadata: { uid, resourceVersion, labels: { [labels.pipeline]: pipeline.name }, ...(ownerReferences && { ownerReferences }) } }
  return await client.patch(pipelineRuns, name, namespace, patch)
}
