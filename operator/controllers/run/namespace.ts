// Runs of a namespace that is being deleted. Kubernetes deletes pods first and waits until they are gone. Those of an Indexed Job with
// backoffLimitPerIndex keep the Job's finalizer until another pod has taken their place, and none can be created any more: namespace
// and Job would wait for each other. So the operator deletes the Job, and the Job controller then lets its pods go.
import type { KeptJob } from '../../cache/jobs.ts'
import type { KeptPod } from '../../cache/pods.ts'
import type { KeptRun } from '../../cache/runs.ts'
import { isTerminating } from '../../kubernetes/namespace.ts'
import { jobs } from '../../kubernetes/resources.ts'
import { memoryOf, type RunContext } from './context.ts'
import type { Said } from './status.ts'

/** A namespace that goes shows first in pods that are deleted, as drained nodes and cancelled runs do, so it is not asked more often. */
export const namespaceLookMs = 5_000

/** Whether pods of a Job that goes on are being deleted. */
export function isLosingPods(job: KeptJob | undefined, pods: readonly KeptPod[]): boolean {
  return job !== undefined && job.end === undefined && pods.some(({ deleting }) => deleting)
}

/** As `namespaceGoes`, asked at most every few seconds; false in between. */
export async function namespaceSeemsToGo(context: RunContext, run: KeptRun): Promise<boolean> {
  const memory = memoryOf(context, run)
  const now = context.clock.now()
  if (memory.namespaceAskedAt !== undefined && now < memory.namespaceAskedAt + namespaceLookMs) return false
  memory.namespaceAskedAt = now
  return await namespaceGoes(context, run)
}

/** Whether the namespace of the run is being deleted; false if there is no telling. */
export async function namespaceGoes(context: RunContext, run: KeptRun): Promise<boolean> {
  return await isTerminating(context.client, run.metadata.namespace).catch((error: unknown) => {
    context.report('namespace', error)
    return false
  })
}

/** Deletes the Job. Its pods are then let go, ended or not. */
export async function letGo({ client }: Pick<RunContext, 'client'>, { metadata }: KeptRun, { name, uid }: Pick<KeptJob, 'name' | 'uid'>): Promise<void> {
  await client.delete(jobs, name, metadata.namespace, { propagation: 'Background', preconditions: { uid } })
}

export function namespaceGone({ metadata }: KeptRun): Said {
  const message = `namespace ${metadata.namespace} is being deleted, and the run with it; what was committed before stays`
  return { reason: 'NamespaceTerminating', message }
}
