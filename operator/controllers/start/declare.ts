// What a run is going to do, decided once: recorded in the run's status, then written to its ConfigMap. An operator that takes over
// between the two finds no ConfigMap and decides again, with the status first again.
import { randomBytes } from 'node:crypto'
import { labels } from '../../../crds/metadata.ts'
import type { Pipeline } from '../../../crds/pipeline.ts'
import { snapshotName } from '../../../crds/wire/snapshot.ts'
import { type KeptRun, keepRun } from '../../kept.ts'
import { isConflict, isNotFound } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import type { ConfigMap } from '../../kubernetes/objects.ts'
import { apiVersionOf, configMaps, jobs, pipelineRuns, pipelines } from '../../kubernetes/resources.ts'
import { goOn, type RunContext } from '../run-context.ts'
import { createOwned, ownedOrTaken } from './create.ts'
import { type Declaration, declarationIn, declarationOf, snapshotConfigMap } from './snapshot.ts'

const tokenBytes = 32

/** What the run's ConfigMap holds, if it is what was recorded. */
export async function foundSnapshot({ client }: Pick<RunContext, 'client'>, run: KeptRun): Promise<Declaration | undefined> {
  const found = await client.get(configMaps, snapshotName(run.metadata.name), run.metadata.namespace)
  return found && declarationIn(found, run)
}

/** What was recorded for the run and written to its ConfigMap; undefined if that is still to be done. Throws NameTaken or ApiError. */
export async function foundDeclaration({ client }: Pick<RunContext, 'client'>, run: KeptRun): Promise<Declaration | undefined> {
  const { name, namespace } = run.metadata
  if (run.status?.snapshotHash === undefined) return undefined
  const [found, job] = await Promise.all([client.get(configMaps, snapshotName(name), namespace), client.get(jobs, name, namespace)])
  if (found !== undefined) return await trusted(run, found)
  // The Job comes after the ConfigMap, and only the ConfigMap tells whether the Job is right.
  if (job !== undefined) await ownedOrTaken(jobs, job, { uid: run.metadata.uid, isMade: () => false })
  return undefined
}

/** The ConfigMap's content, if it is what was recorded. Throws NameTaken. */
async function trusted(run: KeptRun, found: ConfigMap): Promise<Declaration> {
  const declaration = declarationIn(found, run)
  await ownedOrTaken(configMaps, found, { uid: run.metadata.uid, isMade: () => declaration !== undefined })
  return declaration as Declaration
}

/**
 * Decides what the run does: the Pipeline as it is now. Returns the run with the record in its status; undefined if the run has
 * changed meanwhile, of which the cache will hear. Throws NameTaken or ApiError.
 */
export async function declare(context: RunContext, cached: KeptRun, pipeline: Pipeline): Promise<{ run: KeptRun; declaration: Declaration } | undefined> {
  const adopted = await adopt(context.client, cached, pipeline)
  if (adopted === undefined) return undefined
  const declaration = declarationOf(adopted, pipeline.spec, randomBytes(tokenBytes).toString('hex'))
  const run = await record(context, adopted, declaration, pipeline.metadata.generation ?? 0)
  if (run === undefined) return undefined
  const isMade = (found: ConfigMap) => declarationIn(found, run) !== undefined
  await createOwned(context.client, configMaps, snapshotConfigMap(declaration), { uid: run.metadata.uid, isMade })
  return { run, declaration }
}

/** The write fails unless the run is as the cache has it: so an old cache starts nothing. */
async function record(context: RunContext, run: KeptRun, { hash, snapshot }: Declaration, pipelineGeneration: number): Promise<KeptRun | undefined> {
  const said = { reason: 'Starting', message: 'its snapshot and Job are being created' }
  await goOn(context, run, 'Pending', said, { snapshotName: snapshotName(snapshot.name), snapshotHash: hash, pipelineGeneration })
  const recorded = context.writer.latest(run)
  return recorded.status?.snapshotHash === hash ? recorded : undefined
}

/** A run made by hand gets the label and the owner that a scheduled one is made with. Returns the run as it is then. */
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
