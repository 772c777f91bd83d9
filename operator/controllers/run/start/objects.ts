// Creates and finds what belongs to a run, under a name that follows from the run's. An object that exists already counts only if it is
// what would have been created: others may write ConfigMaps and Jobs in the namespace, with any owner reference.
import { isDeepStrictEqual } from 'node:util'
import { snapshotKey, snapshotName } from '../../../../crds/wire/snapshot.ts'
import { isDeclared, type KeptRun } from '../../../cache/runs.ts'
import { ApiError, isAlreadyExists } from '../../../kubernetes/api-error.ts'
import type { KubeClient } from '../../../kubernetes/client.ts'
import type { ConfigMap, Job, KubeObject } from '../../../kubernetes/objects.ts'
import { configMaps, jobs, type Resource } from '../../../kubernetes/resources.ts'
import type { RunContext } from '../context.ts'
import { type Declaration, declarationIn, foundSnapshot, ownedBy, workerLabels } from '../snapshot.ts'
import { runJob } from './job.ts'

/** Creates the run's ConfigMap and its Job, each of which may exist already. Returns the Job. Throws NameTaken or ApiError. */
export async function createObjects(context: RunContext, run: KeptRun, declaration: Declaration): Promise<Job> {
  const isMade = (found: ConfigMap) => declarationIn(found, run) !== undefined
  await createOwned(context.client, configMaps, snapshotConfigMap(declaration), { uid: run.metadata.uid, isMade })
  return await createJob(context, run, declaration)
}

export async function createJob({ client, settings }: RunContext, run: KeptRun, declaration: Declaration): Promise<Job> {
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

/** Another object has the name. `passing`: it is on its way out, because its own run is gone or it is being deleted. */
export class NameTaken extends Error {
  readonly passing: boolean

  constructor(what: string, passing: boolean) {
    super(
      passing
        ? `the ${what} of an earlier run of this name is still being removed; this run starts after that`
        : `a ${what} exists and is not this run’s; delete it, or create the run under another name`,
    )
    this.name = 'NameTaken'
    this.passing = passing
  }
}

type OwnedOptions<T> = {
  /** Of the run. */
  uid: string
  /** Whether the operator made an object that was found and has the right owner. */
  isMade: (found: T) => boolean | Promise<boolean>
}

/** The object as the server has it, be it from now or from before. Throws NameTaken or ApiError. */
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

/** The found object, if the operator made it for this run. Throws NameTaken. */
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

/** What was recorded for the run and written to its ConfigMap; undefined if that is still to be done. Throws NameTaken or ApiError. */
export async function foundDeclaration({ client }: Pick<RunContext, 'client'>, run: KeptRun): Promise<Declaration | undefined> {
  const { name, namespace, uid } = run.metadata
  const [found, job] = await Promise.all([client.get(configMaps, snapshotName(name), namespace), client.get(jobs, name, namespace)])
  if (found !== undefined) {
    const declaration = declarationIn(found, run)
    await ownedOrTaken(configMaps, found, { uid, isMade: () => declaration !== undefined })
    return declaration
  }
  // The Job comes after the ConfigMap, and only the ConfigMap says what the Job should be.
  if (job !== undefined) await ownedOrTaken(jobs, job, { uid, isMade: () => false })
  return undefined
}

/** The API server adds five characters, so that no other Job can have the name of the dry run. */
const longestBeginning = 58

/**
 * Whether a Job that was found is the one that the operator would create. The API server fills in defaults and admission webhooks change
 * things, so the comparison is with what a dry run makes of the Job, not with the Job as the operator writes it.
 */
async function isSameJob(client: Pick<KubeClient, 'create'>, wanted: Job, found: Job): Promise<boolean> {
  const { name, ...metadata } = wanted.metadata
  const generateName = name.slice(0, longestBeginning)
  try {
    const dry = await client.create(jobs, { ...wanted, metadata: { ...metadata, generateName } as Job['metadata'] }, { dryRun: true })
    return isMarkedAs(wanted, found) && isDeepStrictEqual(work(dry), work(found))
  } catch (error) {
    // A webhook that knows no dry runs: then there is no telling.
    if (error instanceof ApiError && error.status === 400) return false
    throw error
  }
}

/** Whether the Job found has the labels and annotations of the one wanted, some of which the operator reads later; it may have others. */
function isMarkedAs({ metadata: wanted }: Job, { metadata: found }: Job): boolean {
  const holds = (wantedMarks: Record<string, string> = {}, marks: Record<string, string> = {}) =>
    Object.entries(wantedMarks).every(([name, value]) => marks[name] === value)
  return holds(wanted.labels, found.labels) && holds(wanted.annotations, found.annotations)
}

/** What the Job does, without what is its own (uid, name) and what others may change while it works (suspend, parallelism). */
function work({ spec }: Job) {
  const { suspend: _suspend, parallelism: _parallelism, selector: _selector, template, ...rest } = spec ?? { template: {} }
  const { labels = {}, annotations = {} } = template.metadata ?? {}
  const own = Object.entries(labels).filter(([label]) => !/^(batch[.]kubernetes[.]io\/)?(job-name|controller-uid)$/.test(label))
  return { ...rest, labels: Object.fromEntries(own), annotations, pod: template.spec }
}

/** The Job that an operator created for the run and did not record. Any other Job of that name and owner is suspended when the run has ended. */
export async function unrecordedJob(context: RunContext, run: KeptRun): Promise<Job | undefined> {
  const { client, settings } = context
  const { name, namespace, uid } = run.metadata
  if (!isDeclared(run)) return undefined
  const [job, declaration] = await Promise.all([client.get(jobs, name, namespace), foundSnapshot(context, run)])
  if (job === undefined || declaration === undefined || !job.metadata.ownerReferences?.some((owner) => owner.uid === uid)) return undefined
  try {
    return (await isSameJob(client, runJob(declaration, settings), job)) ? job : undefined
  } catch (error) {
    // A quota or policy forbids another Job, so there is no telling.
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}
