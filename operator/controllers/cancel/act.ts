// Stops runs: one that has not started ends at once, one at work is asked to, and what still works for an ended run is suspended.
import type { KeptRun } from '../../kept.ts'
import { ApiError, isNotFound } from '../../kubernetes/api-error.ts'
import type { Job } from '../../kubernetes/objects.ts'
import { jobs } from '../../kubernetes/resources.ts'
import { conclude } from '../observe/conclude.ts'
import type { KeptJob } from '../observe/kept-job.ts'
import type { KeptPod } from '../observe/kept-pod.ts'
import { isLosingPods, letGo, namespaceSeemsToGo } from '../observe/namespace.ts'
import { cancelledMessage, latestReport } from '../observe/result.ts'
import { isAtWork } from '../observe/waiting.ts'
import { type Again, finish, goOn, memoryOf, type RunContext, type RunMemory, tell } from '../run-context.ts'
import { isDeclared, runKey } from '../run-state.ts'
import { foundSnapshot } from '../start/declare.ts'
import { runJob } from '../start/job.ts'
import { isSameJob } from '../start/same-job.ts'
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

/** A run that waits, or whose Job is not recorded in its status. */
export async function cancelUnstarted(context: RunContext, run: KeptRun): Promise<Again> {
  const job = await unrecordedJob(context, run)
  if (job !== undefined) {
    const { name, uid = '', creationTimestamp: startTime } = job.metadata
    await goOn(context, run, 'Starting', stopping, { jobName: name, jobUid: uid, ...(startTime === undefined ? {} : { startTime }) })
    return { again: 0 }
  }
  return await finish(context, run, { phase: 'Cancelled', said: { reason: 'Cancelled', message: 'cancelled before it started' } })
}

/** The Job that an operator created for the run and did not record. Any other Job of that name and owner is suspended when the run has ended. */
async function unrecordedJob(context: RunContext, run: KeptRun): Promise<Job | undefined> {
  const { client, settings } = context
  const { name, namespace, uid } = run.metadata
  if (!isDeclared(run)) return undefined
  const [job, declaration] = await Promise.all([client.get(jobs, name, namespace), foundSnapshot(context, run)])
  if (job === undefined || declaration === undefined || !job.metadata.ownerReferences?.some((owner) => owner.uid === uid)) return undefined
  try {
    return (await isSameJob(client, runJob(declaration, settings), job)) ? job : undefined
  } catch (error) {
    // A quota or policy forbids another Job, so there is no telling.
    if (error instanceof ApiError && error.status === 403) return undefined
    throw error
  }
}

/** Suspends the Job of a run that has ended, and deletes it if its pods hold up a namespace that is being deleted. */
export async function stopLeftover(context: RunContext, run: KeptRun): Promise<Again> {
  const job = context.jobs.get(runKey(run))
  if (job === undefined || job.owner?.uid !== run.metadata.uid || job.end !== undefined || job.deleting) return undefined
  const pods = context.pods.byIndex('run', runKey(run)).filter(({ jobUid }) => jobUid === job.uid)
  if (isLosingPods(job, pods) && (await namespaceSeemsToGo(context, run))) await letGo(context, run, job)
  else if (!job.suspended) await suspend(context, run, job)
  return isLosingPods(job, pods) ? { again: leftoverLookMs } : undefined
}

/** Pods on a lost node are being deleted for as long as it is lost. */
const leftoverLookMs = 30_000

const stopping = { reason: 'Cancelling', message: 'asked to stop; the workers end after the batch in hand, or are ended after half a minute' }

async function sayStopping(context: RunContext, run: KeptRun): Promise<void> {
  const phase = run.status?.phase === 'Running' ? 'Running' : 'Starting'
  if (await goOn(context, run, phase, stopping)) tell(context, run, stopping, 'Cancel')
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
