// Creates what belongs to a run, under a name that follows from the run's: that it exists already is success.
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

/** The object as the server has it, be it from now or from before. Throws NameTaken or ApiError. */
export async function createOwned<T extends KubeObject>(client: Pick<KubeClient, 'create' | 'get'>, resource: Resource<T>, object: T, uid: string): Promise<T> {
  try {
    return await client.create(resource, object)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const { name, namespace } = object.metadata
  const what = `${resource.kind} named ${name}`
  const found = await client.get(resource, name, namespace)
  if (found === undefined) throw new NameTaken(what, true)
  const owner = found.metadata.ownerReferences?.find(({ controller }) => controller)
  if (owner?.uid === uid) return found
  throw new NameTaken(what, owner?.kind === 'PipelineRun' || found.metadata.deletionTimestamp !== undefined)
}
