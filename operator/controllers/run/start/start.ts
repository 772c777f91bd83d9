// Starts an admitted run: records the hash, then creates snapshot and Job, then writes the status. Each step may already have been done by
// an earlier operator. A run never gets a second Job. Called by run.ts.
import { randomBytes } from 'node:crypto'
import { labels } from '../../../../crds/metadata.ts'
import type { Pipeline } from '../../../../crds/pipeline.ts'
import { snapshotName } from '../../../../crds/wire/snapshot.ts'
import { type CachedRun, isDeclared, toCachedRun } from '../../../cache/runs.ts'
import { isConflict, isNotFound } from '../../../kubernetes/api-error.ts'
import type { KubeClient } from '../../../kubernetes/client.ts'
import type { Job } from '../../../kubernetes/objects.ts'
import { apiVersionOf, pipelineRuns, pipelines } from '../../../kubernetes/resources.ts'
import type { Requeue, RunContext } from '../context.ts'
import { type Declaration, declarationOf } from '../snapshot.ts'
import { finish, moment, writeOngoing } from '../status.ts'
import { startingMessage, workersOf } from '../workers.ts'
import { declarationProblem, pipelineProblem } from './decide.ts'
import { awaitPipeline, refused } from './not-started.ts'
import { createJob, createObjects, foundDeclaration } from './objects.ts'

/** Delay before the next reconcile when the cache is behind the API server. */
const cacheLagMs = 1000
const tokenBytes = 32

export async function startRun(context: RunContext, cached: CachedRun): Promise<Requeue> {
  const run = isDeclared(cached) ? await fresh(context, cached) : cached
  if (run === undefined) return { requeueAfterMs: cacheLagMs }
  try {
    return isDeclared(run) ? await resume(context, run) : await declareAndStart(context, run)
  } catch (error) {
    return await refused(context, context.writer.latest(run), error)
  }
}

async function declareAndStart(context: RunContext, cached: CachedRun): Promise<Requeue> {
  const pipeline = await context.client.get(pipelines, cached.spec.pipelineRef.name, cached.metadata.namespace)
  if (pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined) return await awaitPipeline(context, cached)
  const condition = pipelineProblem(cached, pipeline.spec, context.settings.limits)
  if (condition !== undefined) return await finish(context, cached, { phase: 'Failed', condition })
  const adopted = await adopt(context.client, cached, pipeline)
  if (adopted === undefined) return { requeueAfterMs: cacheLagMs }
  const declaration = declarationOf(adopted, pipeline.spec, randomBytes(tokenBytes).toString('hex'))
  const run = await record(context, adopted, declaration, pipeline.metadata.generation ?? 0)
  if (run === undefined) return { requeueAfterMs: cacheLagMs }
  return await writeStarted(context, run, await createObjects(context, run, declaration))
}

/** Adds the label and owner that scheduled runs are created with to a run created by hand. Returns the updated run; undefined if it has changed. */
async function adopt(client: Pick<KubeClient, 'patch'>, run: CachedRun, { metadata: pipeline }: Pipeline): Promise<CachedRun | undefined> {
  const { name, namespace, uid, resourceVersion, ...metadata } = run.metadata
  const owned = metadata.ownerReferences?.some((owner) => owner.uid === pipeline.uid)
  if (owned && metadata.labels?.[labels.pipeline] === pipeline.name) return run
  const owner = { apiVersion: apiVersionOf(pipelines), kind: pipelines.kind, name: pipeline.name, uid: pipeline.uid ?? '' }
  const ownerReferences = owned ? undefined : [...(metadata.ownerReferences ?? []), owner]
  const patch = { metadata: { uid, resourceVersion, labels: { [labels.pipeline]: pipeline.name }, ...(ownerReferences && { ownerReferences }) } }
  try {
    return toCachedRun(await client.patch(pipelineRuns, name, namespace, patch))
  } catch (error) {
    if (isConflict(error) || isNotFound(error)) return undefined
    throw error
  }
}

/** Records the declaration's hash in the status and returns the run; undefined if the cached run is stale, so that a stale cache starts nothing. */
async function record(context: RunContext, run: CachedRun, { hash, snapshot }: Declaration, pipelineGeneration: number): Promise<CachedRun | undefined> {
  const condition = { reason: 'Starting', message: 'creates the snapshot and the Job of the run' }
  const more = { snapshotName: snapshotName(snapshot.name), snapshotHash: hash, pipelineGeneration }
  const recorded = await writeOngoing(context, run, { phase: 'Pending', condition, more })
  return recorded?.status?.snapshotHash === hash ? recorded : undefined
}

async function writeStarted(context: RunContext, run: CachedRun, { metadata, spec }: Job): Promise<Requeue> {
  const workers = spec?.completions ?? 1
  const from = `generation ${run.status?.pipelineGeneration} of Pipeline ${run.spec.pipelineRef.name}`
  const created = { reason: 'Started', message: `created Job ${metadata.name} with ${workersOf(workers)} from ${from}` }
  await writeOngoing(context, run, {
    phase: 'Starting',
    condition: { reason: 'Starting', message: startingMessage(workers) },
    more: { startTime: metadata.creationTimestamp ?? moment(context.clock.now()), jobName: metadata.name, jobUid: metadata.uid ?? '' },
    event: { action: 'Start', condition: created },
  })
  return undefined
}

/**
 * Re-reads the run from the API server; undefined if it must not start any more. Needed only for a run with a declaration, because the next
 * write for it would succeed even if the run has changed. For any other run, the first write detects the change.
 */
async function fresh({ client }: RunContext, { metadata }: CachedRun): Promise<CachedRun | undefined> {
  const found = await client.get(pipelineRuns, metadata.name, metadata.namespace)
  return found !== undefined && found.metadata.uid === metadata.uid && isToStart(toCachedRun(found)) ? toCachedRun(found) : undefined
}

function isToStart({ metadata, spec, status }: CachedRun): boolean {
  return status?.startTime === undefined && status?.completionTime === undefined && spec.cancel !== true && metadata.deletionTimestamp === undefined
}

/** Resumes after an operator that recorded the declaration but did not write the start. Without a ConfigMap, starts from the current Pipeline. */
async function resume(context: RunContext, run: CachedRun): Promise<Requeue> {
  const declaration = await foundDeclaration(context, run)
  if (declaration === undefined) return await declareAndStart(context, run)
  const condition = await declarationProblem(run, declaration.snapshot.pipeline, context.settings.limits)
  if (condition !== undefined) return await finish(context, run, { phase: 'Failed', condition })
  return await writeStarted(context, run, await createJob(context, run, declaration))
}
