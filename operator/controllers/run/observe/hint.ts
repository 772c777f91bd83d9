// Finds the latest warning Event about a Job or pod, such as an exceeded quota or a volume that cannot be mounted. Called by observe.ts
// only when nothing else explains why a run waits, and at most once per `hintMs`.
import { durationMilliseconds } from '../../../../crds/durations.ts'
import type { CachedPod } from '../../../cache/pods.ts'
import type { CachedRun } from '../../../cache/runs.ts'
import { ApiError, isNotFound } from '../../../kubernetes/api-error.ts'
import type { KubeClient } from '../../../kubernetes/client.ts'
import type { KubeEvent } from '../../../kubernetes/objects.ts'
import { events } from '../../../kubernetes/resources.ts'
import { memoryOf, type RunContext } from '../context.ts'
import type { Observed } from './decide.ts'

export const hintMs = durationMilliseconds('30s')

/** Lists Events about the unexplained Job or pod; returns whether a new hint was found, and stores it in the memory of the run. */
export async function foundNewHint(context: RunContext, run: CachedRun, { job, now }: Observed, unexplained: 'Job' | CachedPod): Promise<boolean> {
  const memory = memoryOf(context, run)
  if (job === undefined || now < (memory.hintCheckedAt ?? 0) + hintMs) return false
  memory.hintCheckedAt = now
  const uid = unexplained === 'Job' ? job.uid : unexplained.uid
  const hint = await latestWarning(context.client, run.metadata.namespace, uid).catch((error: unknown) => {
    context.report('events', error)
    // The operator may not list Events: do not ask again.
    if (error instanceof ApiError && error.status === 403) memory.hintCheckedAt = Number.POSITIVE_INFINITY
  })
  if (typeof hint !== 'string' || hint === memory.hint) return false
  memory.hint = hint
  return true
}

/** Recorders of the older core/v1 API set this field instead of `eventTime` and `series`. */
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
