// The latest warning that the cluster has recorded about a Job or a pod: a quota, a volume that cannot be mounted. Asked for only when
// nothing else explains why a run waits, and not often.
import { durationMilliseconds } from '../../../../crds/durations.ts'
import type { KeptPod } from '../../../cache/pods.ts'
import type { KeptRun } from '../../../cache/runs.ts'
import { ApiError, isNotFound } from '../../../kubernetes/api-error.ts'
import type { KubeClient } from '../../../kubernetes/client.ts'
import type { KubeEvent } from '../../../kubernetes/objects.ts'
import { events } from '../../../kubernetes/resources.ts'
import { memoryOf, type RunContext } from '../context.ts'
import type { Observed } from './decide.ts'

export const hintMs = durationMilliseconds('30s')

/** Looks for an Event that explains the wait; returns whether there is a new one, which the memory of the run then holds. */
export async function askedForHint(context: RunContext, run: KeptRun, { job, now }: Observed, wonder: 'Job' | KeptPod): Promise<boolean> {
  const memory = memoryOf(context, run)
  if (job === undefined || now < (memory.hintAskedAt ?? 0) + hintMs) return false
  memory.hintAskedAt = now
  const uid = wonder === 'Job' ? job.uid : wonder.uid
  const hint = await latestWarning(context.client, run.metadata.namespace, uid).catch((error: unknown) => {
    context.report('events', error)
    // Not allowed to list Events: once is enough.
    if (error instanceof ApiError && error.status === 403) memory.hintAskedAt = Number.POSITIVE_INFINITY
  })
  if (typeof hint !== 'string' || hint === memory.hint) return false
  memory.hint = hint
  return true
}

/** What recorders of the older kind leave in an Event instead of `eventTime` and `series`. */
type AnyEvent = KubeEvent & { deprecatedLastTimestamp?: string }

/** Undefined if there is none. */
async function latestWarning(client: Pick<KubeClient, 'list'>, namespace: string, uid: string): Promise<string | undefined> {
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
