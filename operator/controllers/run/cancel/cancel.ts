// Stops runs: ends a run that has not started, asks the workers of an active run to stop, and suspends Jobs left over from ended runs.
// Called by run.ts.
import type { CachedJob } from '../../../cache/jobs.ts'
import type { CachedPod } from '../../../cache/pods.ts'
import { type CachedRun, runKey } from '../../../cache/runs.ts'
import { isNotFound } from '../../../kubernetes/api-error.ts'
import type { Job } from '../../../kubernetes/objects.ts'
import { jobs } from '../../../kubernetes/resources.ts'
import { cancelledMessage, conclude } from '../conclude.ts'
import { memoryOf, type Requeue, type RunContext, type RunMemory } from '../context.ts'
import { deleteJob, isLosingPods, isNamespaceTerminatingThrottled } from '../namespace.ts'
import { foundSnapshot } from '../snapshot.ts'
import { finish, writeOngoing } from '../status.ts'
import { isRunning, latestReport, podsOf } from '../workers.ts'
import { cancelStep } from './decide.ts'

/** For a run whose Job has not ended. */
export async function stopRun(context: RunContext, run: CachedRun, { job, pods }: { job: CachedJob; pods: readonly CachedPod[] }): Promise<Requeue> {
  const memory = memoryOf(context, run)
  const now = context.clock.now()
  memory.cancelSeenAt ??= now
  if (job.suspended) memory.suspendSeenAt ??= now
  await writeStopping(context, run)
  const { cancelSeenAt, suspendSeenAt, signal } = memory
  const canSignal = context.cancelSignal !== undefined
  const step = cancelStep({ now, job, atWork: pods.some(isRunning), canSignal, signal, cancelSeenAt, suspendSeenAt })
  switch (step.kind) {
    case 'Signal':
      await signalWorkers(context, run, memory)
      return { requeueAfterMs: 0 }
    case 'Wait':
      return { requeueAfterMs: step.requeueAfterMs }
    case 'Suspend':
      await suspend(context, run, job)
      return undefined
    case 'End': {
      const condition = { reason: 'Cancelled', message: cancelledMessage(run) }
      return await conclude(context, run, { job, pods }, { kind: 'Cancelled', condition, report: latestReport(pods) })
    }
  }
}

/** For a run that has not started. `job` is the Job that an operator created for the run and did not record. */
export async function cancelUnstarted(context: RunContext, run: CachedRun, job: Job | undefined): Promise<Requeue> {
  if (job !== undefined) {
    const { name, uid = '', creationTimestamp: startTime } = job.metadata
    const more = { jobName: name, jobUid: uid, ...(startTime === undefined ? {} : { startTime }) }
    await writeOngoing(context, run, { phase: 'Starting', condition: stopping, more })
    return { requeueAfterMs: 0 }
  }
  return await finish(context, run, { phase: 'Cancelled', condition: { reason: 'Cancelled', message: 'cancelled before it started' } })
}

/** Suspends the unfinished Job of an ended run, or deletes it if its pods block the deletion of their namespace. */
export async function stopLeftover(context: RunContext, run: CachedRun): Promise<Requeue> {
  const job = context.jobs.get(runKey(run))
  if (job === undefined || job.owner?.uid !== run.metadata.uid || job.end !== undefined || job.deleting) return undefined
  const pods = podsOf(context, run, job)
  if (isLosingPods(job, pods) && (await isNamespaceTerminatingThrottled(context, run))) await deleteJob(context, run, job)
  else if (!job.suspended) await suspend(context, run, job)
  return isLosingPods(job, pods) ? { requeueAfterMs: leftoverCheckMs } : undefined
}

/** Pods on an unreachable node stay in deletion until the node returns, so check rarely. */
const leftoverCheckMs = 30_000

const stopping = { reason: 'Cancelling', message: 'stopping: the workers finish their current batch; after 30 seconds their pods are stopped' }

async function writeStopping(context: RunContext, run: CachedRun): Promise<void> {
  const phase = run.status?.phase === 'Running' ? 'Running' : 'Starting'
  await writeOngoing(context, run, { phase, condition: stopping, event: { action: 'Cancel' } })
}

/** Workers accept only a signal with the cancel token of their snapshot. Without the snapshot, the Job is suspended instead. */
async function signalWorkers(context: RunContext, run: CachedRun, memory: RunMemory): Promise<void> {
  try {
    const declaration = await foundSnapshot(context, run)
    if (declaration !== undefined) await context.cancelSignal?.cancel(runKey(run), declaration.snapshot.cancelToken ?? '')
    memory.signal = declaration === undefined ? 'failed' : 'sent'
  } catch (error) {
    context.report('cancel signal', error)
    memory.signal = 'failed'
  }
}

/** The Job controller then deletes the pods, with SIGTERM and 30 seconds of grace. The Job is kept for inspection. */
async function suspend({ client }: RunContext, { metadata }: CachedRun, { name, uid }: CachedJob): Promise<void> {
  try {
    await client.patch(jobs, name, metadata.namespace, { metadata: { uid }, spec: { suspend: true } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
