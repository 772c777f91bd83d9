// Creates what belongs to a run, under a name that follows from the run's. An object that exists already counts only if it is what
// would have been created: others may write ConfigMaps and Jobs in the namespace, with any owner reference.
import { isAlreadyExists } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import type { Resource } from '../../kubernetes/resources.ts'

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

export type OwnedOptions<T> = {
  /** Of the run. */
  uid: string
  /** Whether the operator made an object that was found and has the right owner. */
  isMade: (found: T) => boolean | Promise<boolean>
}

/** The object as the server has it, be it from now or from before. Throws NameTaken or ApiError. */
export async function createOwned<T extends KubeObject>(
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
export async function ownedOrTaken<T extends KubeObject>(resource: Resource<T>, found: T, { uid, isMade }: OwnedOptions<T>): Promise<T> {
  const { name, deletionTimestamp, ownerReferences } = found.metadata
  const owner = ownerReferences?.find(({ controller }) => controller)
  if (owner?.uid === uid && deletionTimestamp === undefined && (await isMade(found))) return found
  const ofEarlierRun = owner?.kind === 'PipelineRun' && owner.uid !== uid
  throw new NameTaken(whatOf(resource, name), ofEarlierRun || deletionTimestamp !== undefined)
}

function whatOf({ kind }: Pick<Resource, 'kind'>, name: string): string {
  return `${kind} named ${name}`
}
