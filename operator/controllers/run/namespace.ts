// Runs of a namespace that is being deleted. Kubernetes deletes the pods first and waits until they are gone. A pod of an Indexed Job with
// backoffLimitPerIndex keeps the Job's finalizer until a replacement exists, and none can be created in such a namespace: namespace and
// Job would wait for each other. So the operator deletes the Job, and the Job controller then removes the finalizers of its pods.
import type { CachedJob } from '../../cache/jobs.ts'
import type { CachedPod } from '../../cache/pods.ts'
import type { CachedRun } from '../../cache/runs.ts'
import { isTerminating } from '../../kubernetes/namespace.ts'
import { jobs } from '../../kubernetes/resources.ts'
import { memoryOf, type RunContext } from './context.ts'
import type { ConditionText } from './status.ts'

/** Pods being deleted is the first sign of a namespace deletion, but also of drained nodes and cancelled runs, so limit the requests. */
export const namespaceCheckMs = 5_000

/** Whether pods of an unfinished Job are being deleted. */
export function isLosingPods(job: CachedJob | undefined, pods: readonly CachedPod[]): boolean {
  return job !== undefined && job.end === undefined && pods.some(({ deleting }) => deleting)
}

/** Like `isNamespaceTerminating`, but asks the API server at most once per `namespaceCheckMs`; returns false in between. */
export async function isNamespaceTerminatingThrottled(context: RunContext, run: CachedRun): Promise<boolean> {
  const memory = memoryOf(context, run)
  const now = context.clock.now()
  if (memory.namespaceCheckedAt !== undefined && now < memory.namespaceCheckedAt + namespaceCheckMs) return false
  memory.namespaceCheckedAt = now
  return await isNamespaceTerminating(context, run)
}

/** Whether the namespace of the run is being deleted; false if the request fails. */
export async function isNamespaceTerminating(context: RunContext, run: CachedRun): Promise<boolean> {
  return await isTerminating(context.client, run.metadata.namespace).catch((error: unknown) => {
    context.report('namespace', error)
    return false
  })
}

/** Deletes the Job, so that the Job controller removes the finalizers of its pods, finished or not. */
export async function deleteJob(
  { client }: Pick<RunContext, 'client'>,
  { metadata }: CachedRun,
  { name, uid }: Pick<CachedJob, 'name' | 'uid'>,
): Promise<void> {
  await client.delete(jobs, name, metadata.namespace, { propagation: 'Background', preconditions: { uid } })
}

export function namespaceTerminating({ metadata }: CachedRun): ConditionText {
  const message = `namespace ${metadata.namespace} is being deleted, and the run with it; committed batches are kept`
  return { reason: 'NamespaceTerminating', message }
}
