// Creates and finds the ConfigMap and Job of a run, whose names derive from the run's name. An existing object is accepted only if it is
// identical to the one the operator would create: others may write ConfigMaps and Jobs in the namespace, with any owner reference.
// Called by start.ts and run.ts.
import { isDeepStrictEqual } from 'node:util'
import { snapshotKey, snapshotName } from '../../../../crds/wire/snapshot.ts'
import { type CachedRun, isDeclared } from '../../../cache/runs.ts'
import { ApiError, isAlreadyExists } from '../../../kubernetes/api-error.ts'
import type { KubeClient } from '../../../kubernetes/client.ts'
import type { ConfigMap, Job, KubeObject } from '../../../kubernetes/objects.ts'
import { configMaps, jobs, type Resource } from '../../../kubernetes/resources.ts'
import type { RunContext } from '../context.ts'
import { type Declaration, declarationIn, foundSnapshot, ownedBy, workerLabels } from '../snapshot.ts'
import { runJob } from './job.ts'

/** Creates the run's ConfigMap and Job, unless they exist already. Returns the Job. Throws NameTaken or ApiError. */
export async function createObjects(context: RunContext, run: CachedRun, declaration: Declaration): Promise<Job> {
  const isMade = (found: ConfigMap) => declarationIn(found, run) !== undefined
  await createOwned(context.client, configMaps, snapshotConfigMap(declaration), { uid: run.metadata.uid, isMade })
  return await createJob(context, run, declaration)
}

export async function createJob({ client, settings }: RunContext, run: CachedRun, declaration: Declaration): Promise<Job> {
  const wanted = runJob(declaration, settings)
  return await createOwned(client, jobs, wanted, { uid: run.metadata.uid, isMade: (found) => isSameJob(client, wanted, found) })
}

function snapshotConfigMap({ snapshot, text }: Declaration): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: snapshotName(snapshot.name),
      namespace: snapshot.namespace,
      labels: workerLabels(snapshot),
      ownerReferences: [ownedBy(snapshot)],
    },
    immutable: true,
    data: { [snapshotKey]: text },
  }
}

/** A foreign object has the name. `isTemporary`: the object is being deleted, or belongs to an earlier run and will be. */
export class NameTaken extends Error {
  readonly isTemporary: boolean

  constructor(what: string, isTemporary: boolean) {
    super(
      isTemporary
        ? `the ${what} of an earlier run of this name is still being deleted; this run starts after that`
        : `a ${what} exists and does not belong to this run; delete it, or create the run under another name`,
    )
    this.name = 'NameTaken'
    this.isTemporary = isTemporary
  }
}

type OwnedOptions<T> = {
  /** The uid of the run. */
  uid: string
  /** Whether the operator created an object that was found and has the right owner. */
  isMade: (found: T) => boolean | Promise<boolean>
}

/** Returns the object as the API server has it, created now or before. Throws NameTaken or ApiError. */
async function createOwned<T extends KubeObject>(
  client: Pick<KubeClient, 'create' | 'get'>,
  resource: Resource<T>,
  object: T,
  options: OwnedOptions<T>,
): Promise<T> {
  try {
    return await client.create(resource, object)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const { name, namespace } = object.metadata
  const found = await client.get(resource, name, namespace)
  if (found === undefined) throw new NameTaken(whatOf(resource, name), true)
  return await ownedOrTaken(resource, found, options)
}

/** Returns the found object if the operator created it for this run. Throws NameTaken otherwise. */
async function ownedOrTaken<T extends KubeObject>(resource: Resource<T>, found: T, { uid, isMade }: OwnedOptions<T>): Promise<T> {
  const { name, deletionTimestamp, ownerReferences } = found.metadata
  const owner = ownerReferences?.find(({ controller }) => controller)
  if (owner?.uid === uid && deletionTimestamp === undefined && (await isMade(found))) return found
  const ofEarlierRun = owner?.kind === 'PipelineRun' && owner.uid !== uid
  throw new NameTaken(whatOf(resource, name), ofEarlierRun || deletionTimestamp !== undefined)
}

function whatOf({ kind }: Pick<Resource, 'kind'>, name: string): string {
  return `${kind} named ${name}`
}

/** The recorded declaration in the run's ConfigMap; undefined if the ConfigMap is not created yet. Throws NameTaken or ApiError. */
export async function foundDeclaration({ client }: Pick<RunContext, 'client'>, run: CachedRun): Promise<Declaration | undefined> {
  const { name, namespace, uid } = run.metadata
  const [found, job] = await Promise.all([client.get(configMaps, snapshotName(name), namespace), client.get(jobs, name, namespace)])
  if (found !== undefined) {
    const declaration = declarationIn(found, run)
    await ownedOrTaken(configMaps, found, { uid, isMade: () => declaration !== undefined })
    return declaration
  }
  // The operator creates the Job after the ConfigMap, so without the ConfigMap the Job is foreign.
  if (job !== undefined) await ownedOrTaken(jobs, job, { uid, isMade: () => false })
  return undefined
}

/** For `generateName`, to which the API server adds five random characters, so that the dry run does not conflict with an existing Job. */
const maxGenerateNameLength = 58

/**
 * Whether a found Job is the one that the operator would create. The API server sets defaults and admission webhooks may change fields, so
 * compare with the result of a dry run.
 */
async function isSameJob(client: Pick<KubeClient, 'create'>, wanted: Job, found: Job): Promise<boolean> {
  const { name, ...metadata } = wanted.metadata
  const generateName = name.slice(0, maxGenerateNameLength)
  try {
    const dry = await client.create(jobs, { ...wanted, metadata: { ...metadata, generateName } as Job['metadata'] }, { dryRun: true })
    return isMarkedAs(wanted, found) && isDeepStrictEqual(work(dry), work(found))
  } catch (error) {
    // An admission webhook does not support dry runs, so the Jobs cannot be compared.
    if (error instanceof ApiError && error.status === 400) return false
    throw error
  }
}

/** Whether the found Job has all labels and annotations of the wanted one, some of which the operator reads later. Others are allowed. */
function isMarkedAs({ metadata: wanted }: Job, { metadata: found }: Job): boolean {
  const holds = (wantedMarks: Record<string, string> = {}, marks: Record<string, string> = {}) =>
    Object.entries(wantedMarks).every(([name, value]) => marks[name] === value)
  return holds(wanted.labels, found.labels) && holds(wanted.annotations, found.annotations)
}

/** The spec without fields that differ per Job (labels with uid or name) and fields that may change while it runs (suspend, parallelism). */
function work({ spec }: Job) {
  const { suspend: _suspend, parallelism: _parallelism, selector: _selector, template, ...rest } = spec ?? { template: {} }
  const { labels = {}, annotations = {} } = template.metadata ?? {}
  const own = Object.entries(labels).filter(([label]) => !/^(batch[.]kubernetes[.]io\/)?(job-name|controller-uid)$/.test(label))
  return { ...rest, labels: Object.fromEntries(own), annotations, pod: template.spec }
}

/** The Job that an operator created for the run and did not record. Any other Job with that name and owner is suspended after the run ends. */
export async function unrecordedJob(context: RunContext, run: CachedRun): Promise<Job | undefined> {
  const { client, settings } = context
  const { name, namespace, uid } = run.metadata
  if (!isDeclared(run)) return undefined
  const [job, declaration] = await Promise.all([client.get(jobs, name, namespace), foundSnapshot(context, run)])
  if (job === undefined || declaration === undefined || !job.metadata.ownerReferences?.some((owner) => owner.uid === uid)) return undefined
  try {
    return (await isSameJob(client, runJob(declaration, settings), job)) ? job : undefined
  } catch (error) {
    // A quota or policy refuses the dry run, so the Jobs cannot be compared.
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}
