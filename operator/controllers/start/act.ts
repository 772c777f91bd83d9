// Starts an admitted run: record, snapshot, Job, status, in this order, each of which may have happened before. A run has one Job, ever.
import { type KeptRun, keepRun } from '../../kept.ts'
import type { Job } from '../../kubernetes/objects.ts'
import { jobs, pipelineRuns, pipelines } from '../../kubernetes/resources.ts'
import { type Again, finish, goOn, type RunContext, tell } from '../run-context.ts'
import { moment } from '../run-status.ts'
import { awaitPipeline } from './await-pipeline.ts'
import { createOwned } from './create.ts'
import { pipelineProblem } from './decide.ts'
import { declare, foundDeclaration } from './declare.ts'
import { runJob } from './job.ts'
import { limitProblem } from './limits.ts'
import { refused } from './refused.ts'
import { isSameJob } from './same-job.ts'
import type { Declaration } from './snapshot.ts'

/** How soon to look again when the cache is behind the server. */
const cacheLagMs = 1000

export async function startRun(context: RunContext, cached: KeptRun): Promise<Again> {
  const run = await current(context, cached)
  if (run === undefined) return { again: cacheLagMs }
  try {
    const found = await foundDeclaration(context, run)
    return found === undefined ? await declareAndStart(context, run) : await resume(context, run, found)
  } catch (error) {
    return await refused(context, context.writer.latest(run), error)
  }
}

/** A run without a record is written to before anything is created, and that fails if it has changed. Any other is read again. */
async function current({ client }: RunContext, cached: KeptRun): Promise<KeptRun | undefined> {
  const { name, namespace, uid } = cached.metadata
  if (cached.status?.snapshotHash === undefined) return cached
  const fresh = await client.get(pipelineRuns, name, namespace)
  return fresh !== undefined && fresh.metadata.uid === uid && isToStart(keepRun(fresh)) ? keepRun(fresh) : undefined
}

function isToStart({ metadata, spec, status }: KeptRun): boolean {
  return status?.startTime === undefined && status?.completionTime === undefined && spec.cancel !== true && metadata.deletionTimestamp === undefined
}

async function declareAndStart(context: RunContext, cached: KeptRun): Promise<Again> {
  const pipeline = await context.client.get(pipelines, cached.spec.pipelineRef.name, cached.metadata.namespace)
  if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) return await awaitPipeline(context, cached)
  const problem = pipelineProblem(pipeline.spec)
  if (problem !== undefined) return await invalid(context, cached, problem)
  const forbidden = limitProblem(pipeline.spec, context.settings.limits)
  if (forbidden !== undefined) return await notAllowed(context, cached, forbidden)
  const declared = await declare(context, cached, pipeline)
  if (declared === undefined) return { again: cacheLagMs }
  return await createJob(context, declared.run, declared.declaration)
}

/** Another operator recorded the declaration and ended before it wrote that the run has started. */
async function resume(context: RunContext, run: KeptRun, declaration: Declaration): Promise<Again> {
  const { problemOfPipeline } = await import('../../../crds/validation.ts')
  const problem = problemOfPipeline(declaration.snapshot.pipeline)
  if (problem !== undefined) return await invalid(context, run, problem)
  const forbidden = limitProblem(declaration.snapshot.pipeline.spec, context.settings.limits)
  return forbidden === undefined ? await createJob(context, run, declaration) : await notAllowed(context, run, forbidden)
}

async function invalid(context: RunContext, run: KeptRun, problem: string): Promise<Again> {
  const message = `Pipeline ${run.spec.pipelineRef.name} cannot be run: ${problem}`
  return await finish(context, run, { phase: 'Failed', said: { reason: 'PipelineInvalid', message } })
}

async function notAllowed(context: RunContext, run: KeptRun, problem: string): Promise<Again> {
  const message = `Pipeline ${run.spec.pipelineRef.name} asks for what is not allowed on this cluster: ${problem}`
  return await finish(context, run, { phase: 'Failed', said: { reason: 'NotAllowed', message } })
}

async function createJob(context: RunContext, run: KeptRun, declaration: Declaration): Promise<Again> {
  const { client, settings } = context
  const wanted = runJob(declaration, settings)
  const isMade = (found: Job) => isSameJob(client, wanted, found)
  await started(context, run, await createOwned(client, jobs, wanted, { uid: run.metadata.uid, isMade }))
  return undefined
}

async function started(context: RunContext, run: KeptRun, { metadata, spec }: Job): Promise<void> {
  const workers = spec?.completions ?? 1
  const news = await goOn(context, run, 'Starting', startingWith(workers), {
    startTime: metadata.creationTimestamp ?? moment(context.clock.now()),
    jobName: metadata.name,
    jobUid: metadata.uid ?? '',
  })
  if (!news) return
  const from = `generation ${run.status?.pipelineGeneration} of Pipeline ${run.spec.pipelineRef.name}`
  tell(context, run, { reason: 'Started', message: `created Job ${metadata.name} with ${workersOf(workers)} from ${from}` }, 'Start')
}

function startingWith(workers: number) {
  return { reason: 'Starting', message: `waits for its ${workers === 1 ? 'worker' : `${workers} workers`} to start` }
}

export function workersOf(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}
