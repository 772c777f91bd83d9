// The latest warning that the cluster has recorded about a Job or a pod: a quota, a volume that cannot be mounted. Asked for only when
// nothing else explains why a run waits, and not often.
import { isNotFound } from '../../kubernetes/api-error.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import type { KubeEvent } from '../../kubernetes/objects.ts'
import { events } from '../../kubernetes/resources.ts'

/** What recorders of the older kind leave in an Event instead of `eventTime` and `series`. */
type AnyEvent = KubeEvent & { deprecatedLastTimestamp?: string }

/** Undefined if there is none. */
export async function latestWarning(client: Pick<KubeClient, 'list'>, namespace: string, uid: string): Promise<string | undefined> {
  try {
    const { items } = await client.list(events, { namespace, fieldSelector: `regarding.uid=${uid},type=Warning`, limit: 100 })
    const latest = items.toSorted((one, other) => timeOf(other) - timeOf(one))[0]
    return latest && `${latest.note} (${latest.reason})`
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

function timeOf(event: AnyEvent): number {
  return Date.parse(event.series?.lastObservedTime ?? event.deprecatedLastTimestamp ?? event.eventTime ?? '') || 0
}
