// Stops runs: one that has not started ends at once, one at work is asked to, and what still works for an ended run is suspended.
import type { KeptJob } from '../../../cache/jobs.ts'
import type { KeptPod } from '../../../cache/pods.ts'
import { type KeptRun, runKey } from '../../../cache/runs.ts'
import { isNotFound } from '../../../kubernetes/api-error.ts'
import type { Job } from '../../../kubernetes/objects.ts'
import { jobs } from '../../../kubernetes/resources.ts'
import { cancelledMessage, conclude } from '../conclude.ts'
import { type Again, memoryOf, type RunContext, type RunMemory } from '../context.ts'
import { isLosingPods, letGo, namespaceSeemsToGo } from '../namespace.ts'
import { foundSnapshot } from '../snapshot.ts'
import { finish, goOn } from '../status.ts'
import { isAtWork, latestReport, podsOf } from '../workers.ts'
import { cancelStep } from './decide.ts'

/** A run with a Job whose pods have not ended. */
export async function stopRun(context: RunContext, run: KeptRun, { job, pods }: { job: KeptJob; pods: readonly KeptPod[] }): Promise<Again> {
  const memory = memoryOf(context, run)
  const now = context.clock.now()
  memory.cancelSeenAt ??= now
  if (job.suspended) memory.suspendSeenAt ??= now
  await sayStopping(context, run)
  const { cancelSeenAt, suspendSeenAt, signal } = memory
  const canSignal = context.cancelSignal !== undefined
  const step = cancelStep({ now, job, atWork: pods.some(isAtWork), canSignal, signal, cancelSeenAt, suspendSeenAt })
  switch (step.kind) {
    case 'Signal':
      await signalWorkers(context, run, memory)
      return { again: 0 }
    case 'Wait':
      return { again: step.again }
    case 'Suspend':
      await suspend(context, run, job)
      return undefined
    case 'End': {
      const said = { reason: 'Cancelled', message: cancelledMessage(run) }
      return await conclude(context, run, { job, pods }, { kind: 'Cancelled', said, report: latestReport(pods) })
    }
  }
}

/** A run that has not started. `job` is the one that an operator created for it and did not record. */
export async function cancelUnstarted(context: RunContext, run: KeptRun, job: Job | undefined): Promise<Again> {
  if (job !== undefined) {
    const { name, uid = '', creationTimestamp: startTime } = job.metadata
    const more = { jobName: name, jobUid: uid, ...(startTime === undefined ? {} : { startTime }) }
    await goOn(context, run, { phase: 'Starting', said: stopping, more })
    return { again: 0 }
  }
  return await finish(context, run, { phase: 'Cancelled', said: { reason: 'Cancelled', message: 'cancelled before it started' } })
}

/** Suspends the Job of a run that has ended, and deletes it if its pods hold up a namespace that is being deleted. */
export async function stopLeftover(context: RunContext, run: KeptRun): Promise<Again> {
  const job = context.jobs.get(runKey(run))
  if (job === undefined || job.owner?.uid !== run.metadata.uid || job.end !== undefined || job.deleting) return undefined
  const pods = podsOf(context, run, job)
  if (isLosingPods(job, pods) && (await namespaceSeemsToGo(context, run))) await letGo(context, run, job)
  else if (!job.suspended) await suspend(context, run, job)
  return isLosingPods(job, pods) ? { again: leftoverLookMs } : undefined
}

/** Pods on a lost node are being deleted for as long as it is lost. */
const leftoverLookMs = 30_000

const stopping = { reason: 'Cancelling', message: 'asked to stop; the workers end after the batch in hand, or are ended after half a minute' }

async function sayStopping(context: RunContext, run: KeptRun): Promise<void> {
  const phase = run.status?.phase === 'Running' ? 'Running' : 'Starting'
  await goOn(context, run, { phase, said: stopping, event: { action: 'Cancel' } })
}

/** Workers obey only what names the token of their snapshot; if that is gone, their pods are stopped. */
async function signalWorkers(context: RunContext, run: KeptRun, memory: RunMemory): Promise<void> {
  try {
    const declaration = await foundSnapshot(context, run)
    if (declaration !== undefined) await context.cancelSignal?.cancel(runKey(run), declaration.snapshot.cancelToken ?? '')
    memory.signal = declaration === undefined ? 'failed' : 'sent'
  } catch (error) {
    context.report('cancel signal', error)
    memory.signal = 'failed'
  }
}

/** The Job controller then deletes the pods, which get SIGTERM and half a minute. The Job itself stays, to look at. */
async function suspend({ client }: RunContext, { metadata }: KeptRun, { name, uid }: KeptJob): Promise<void> {
  try {
    await client.patch(jobs, name, metadata.namespace, { metadata: { uid }, spec: { suspend: true } })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
