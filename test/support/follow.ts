// Records every version of the objects of a kind, by a watch without disturbances.
import { setTimeout as sleep } from 'node:timers/promises'
import { isExpired } from '../../operator/kubernetes/api-error.ts'
import type { KubeClient } from '../../operator/kubernetes/client.ts'
import type { KubeObject } from '../../operator/kubernetes/objects.ts'
import type { Resource } from '../../operator/kubernetes/resources.ts'

export type WatchedObject<T> = { object: T; deleted: boolean }

export type FollowOptions<T extends KubeObject> = {
  client: KubeClient
  resource: Resource<T>
  namespace: string
  labelSelector?: string
  /** Called with what happened, in its order; with several at once after a gap, in which more may have happened. */
  see: (seen: readonly WatchedObject<T>[]) => void
}

/** Until the signal is aborted. The server may be killed meanwhile: then everything is listed again. */
export async function follow<T extends KubeObject>({ client, resource, namespace, labelSelector, see }: FollowOptions<T>, signal: AbortSignal): Promise<void> {
  let version: string | undefined
  const selection = { namespace, signal, ...(labelSelector === undefined ? {} : { labelSelector }) }
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const { items, resourceVersion } = await client.list(resource, selection)
        see(items.map((object) => ({ object, deleted: false })))
        version = resourceVersion
      }
      for await (const event of client.watch(resource, { ...selection, resourceVersion: version })) {
        version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion
        if (event.type !== 'BOOKMARK') see([{ object: event.object, deleted: event.type === 'DELETED' }])
      }
    } catch (error) {
      if (isExpired(error)) version = undefined
      if (!signal.aborted) await sleep(100)
    }
  }
}
