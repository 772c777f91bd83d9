// Starts an admitted run: record, snapshot, Job, status, in this order, each of which may have happened before. A run has one Job, ever.
import { randomBytes } from 'node:crypto'
import { labels } from '../../../../crds/metadata.ts'
import type { Pipeline } from '../../../../crds/pipeline.ts'
import { snapshotName } from '../../../../crds/wire/snapshot.ts'
import { isDeclared, type KeptRun, keepRun } from '../../../cache/runs.ts'
import { isConflict, isNotFound } from '../../../kubernetes/api-error.ts'
import type { KubeClient } from '../../../kubernetes/client.ts'
import type { Job } from '../../../kubernetes/objects.ts'
import { apiVersionOf, pipelineRuns, pipelines } from '../../../kubernetes/resources.ts'
import type { Again, RunContext } from '../context.ts'
import { type Declaration, declarationOf } from '../snapshot.ts'
import { finish, goOn, moment } from '../status.ts'
import { startingMessage, workersOf } from '../workers.ts'
import { declarationProblem, pipelineProblem } from './decide.ts'
import { awaitPipeline, refused } from './not-started.ts'
import { createJob, createObjects, foundDeclaration } from './objects.ts'

/** How soon to look again when the cache is behind the server. */
const cacheLagMs = 1000
const tokenBytes = 32

export async function startRun(context: RunContext, cached: KeptRun): Promise<Again> {
  const run = isDeclared(cached) ? await fresh(context, cached) : cached
  if (run === undefined) return { again: cacheLagMs }
  try {
    return isDeclared(run) ? await resume(context, run) : await declareAndStart(context, run)
  } catch (error) {
    return await refused(context, context.writer.latest(run), error)
  }
}

async function declareAndStart(context: RunContext, cached: KeptRun): Promise<Again> {
  const pipeline = await context.client.get(pipelines, cached.spec.pipelineRef.name, cached.metadata.namespace)
  if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) return await awaitPipeline(context, cached)
  const said = pipelineProblem(cached, pipeline.spec, context.settings.limits)
  if (said !== undefined) return await finish(context, cached, { phase: 'Failed', said })
  const adopted = await adopt(context.client, cached, pipeline)
  if (adopted === undefined) return { again: cacheLagMs }
  const declaration = declarationOf(adopted, pipeline.spec, randomBytes(tokenBytes).toString('hex'))
  const run = await record(context, adopted, declaration, pipeline.metadata.generation ?? 0)
  if (run === undefined) return { again: cacheLagMs }
  return await writeStarted(context, run, await createObjects(context, run, declaration))
}

/** A run made by hand gets the label and the owner that a scheduled one is made with. Returns the run as it is then; undefined if it has changed. */
async function adopt(client: Pick<KubeClient, 'patch'>, run: KeptRun, { metadata: pipeline }: Pipeline): Promise<KeptRun | undefined> {
  const { name, namespace, uid, resourceVersion, ...metadata } = run.metadata
  const owned = metadata.ownerReferences?.some((owner) => owner.uid === pipeline.uid)
  if (owned && metadata.labels?.[labels.pipeline] === pipeline.name) return run
  const owner = { apiVersion: apiVersionOf(pipelines), kind: pipelines.kind, name: pipeline.name, uid: pipeline.uid ?? '' }
  const ownerReferences = owned ? undefined : [...(metadata.ownerReferences ?? []), owner]
  const patch = { metadata: { uid, resourceVersion, labels: { [labels.pipeline]: pipeline.name }, ...(ownerReferences && { ownerReferences }) } }
  try {
    return keepRun(await client.patch(pipelineRuns, name, namespace, patch))
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return undefined
    throw error
  }
}

/** Returns the run with the declaration's hash in its status; undefined if it is no longer as the cache has it: an old cache starts nothing. */
async function record(context: RunContext, run: KeptRun, { hash, snapshot }: Declaration, pipelineGeneration: number): Promise<KeptRun | undefined> {
  const said = { reason: 'Starting', message: 'its snapshot and Job are being created' }
  const more = { snapshotName: snapshotName(snapshot.name), snapshotHash: hash, pipelineGeneration }
  const recorded = await goOn(context, run, { phase: 'Pending', said, more })
  return recorded?.status?.snapshotHash === hash ? recorded : undefined
}

async function writeStarted(context: RunContext, run: KeptRun, { metadata, spec }: Job): Promise<Again> {
  const workers = spec?.completions ?? 1
  const from = `generation ${run.status?.pipelineGeneration} of Pipeline ${run.spec.pipelineRef.name}`
  const created = { reason: 'Started', message: `created Job ${metadata.name} with ${workersOf(workers)} from ${from}` }
  await goOn(context, run, {
    phase: 'Starting',
    said: { reason: 'Starting', message: startingMessage(workers) },
    more: { startTime: metadata.creationTimestamp ?? moment(context.clock.now()), jobName: metadata.name, jobUid: metadata.uid ?? '' },
    event: { action: 'Start', said: created },
  })
  return undefined
}

/**
 * The run as the API server has it; undefined if it is not to start any more. Asked for a run that has a declaration: the next write would
 * not fail if the run has changed. The first write to any other run would.
 */
async function fresh({ client }: RunContext, { metadata }: KeptRun): Promise<KeptRun | undefined> {
  const found = await client.get(pipelineRuns, metadata.name, metadata.namespace)
  return found !== undefined && found.metadata.uid === metadata.uid && isToStart(keepRun(found)) ? keepRun(found) : undefined
}

function isToStart({ metadata, spec, status }: KeptRun): boolean {
  return status?.startTime === undefined && status?.completionTime === undefined && spec.cancel !== true && metadata.deletionTimestamp === undefined
}

/** The operator that recorded the declaration ended before it wrote that the run has started. Without a ConfigMap all is decided again. */
async function resume(context: RunContext, run: KeptRun): Promise<Again> {
  const declaration = await foundDeclaration(context, run)
  if (declaration === undefined) return await declareAndStart(context, run)
  const said = await declarationProblem(run, declaration.snapshot.pipeline, context.settings.limits)
  if (said !== undefined) return await finish(context, run, { phase: 'Failed', said })
  return await writeStarted(context, run, await createJob(context, run, declaration))
}
