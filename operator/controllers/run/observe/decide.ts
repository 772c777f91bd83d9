// What a started run is doing, from its Job and pods. Pure: `observe.ts` collects what is known and writes what is decided.
import { shortDuration } from '../../../../crds/durations.ts'
import type { WorkerReport } from '../../../../crds/wire/worker-report.ts'
import type { JobEnd, KeptJob } from '../../../cache/jobs.ts'
import type { KeptPod } from '../../../cache/pods.ts'
import type { FailedEnd } from '../conclude.ts'
import type { Said } from '../status.ts'
import { isAtWork, lastEnded, startingMessage } from '../workers.ts'
import { failedEnd, isFinal, isOutOfMemory, outOfMemory, words } from './ending.ts'
import { firstProblem, hasBegun, type Problem } from './waiting.ts'

export type Observed = {
  now: number
  /** When the Job was created. */
  startedAt: number
  /** Whether the status says that workers have begun. */
  running: boolean
  /** Undefined: the cache has no Job of this run. */
  job: KeptJob | undefined
  /** The pods of the Job that are still there. */
  pods: readonly KeptPod[]
  /** When this process first saw that the Job has ended. */
  endSeenAt: number | undefined
  /** What a warning Event says of a Job or pod that says nothing itself. */
  hint: string | undefined
}

export type Observation =
  | { kind: 'Succeeded'; report: WorkerReport | undefined }
  | FailedEnd
  /** The Job seems to be gone: ask the server. */
  | { kind: 'NoJob' }
  /** The Job has ended and no pod has reported how yet. */
  | { kind: 'AwaitReport'; again: number }
  /** `wonder`: nothing explains why it waits; look for Events. */
  | { kind: 'Going'; phase: 'Starting' | 'Running'; said: Problem; again: number | undefined; wonder?: 'Job' | KeptPod }

/** The Job's end and the pod's may come in either order; they come close together. */
const reportGraceMs = 3000
const reportPollMs = 250
/** A Job that waits longer than this, or half of its time, without saying why is looked into. */
const wonderAfterMs = 10_000
/** The Job controller waits up to this between a worker's end and its next start. */
const longestBackoffMs = 120_000

export function observe(observed: Observed): Observation {
  const { job, pods, now } = observed
  if (job === undefined) return { kind: 'NoJob' }
  if (job.end === undefined) return goingOn(observed, job)
  const mayStillTell = pods.some((pod) => pod.ended === undefined) && !hasTold(job.end, pods)
  const left = (observed.endSeenAt ?? now) + reportGraceMs - now
  if (mayStillTell && left > 0) return { kind: 'AwaitReport', again: Math.min(left, reportPollMs) }
  if (!hasSucceeded(job.end)) return failedEnd(job.end, pods)
  return { kind: 'Succeeded', report: lastEnded(pods, ({ ended }) => ended.exitCode === 0)?.ended.report }
}

function hasSucceeded({ type }: JobEnd): boolean {
  return type === 'Complete' || type === 'SuccessCriteriaMet'
}

function hasTold(end: JobEnd, pods: readonly KeptPod[]): boolean {
  if (hasSucceeded(end)) return lastEnded(pods, ({ ended }) => ended.exitCode === 0) !== undefined
  if (end.reason === 'PodFailurePolicy') return lastEnded(pods, isFinal) !== undefined
  return end.reason === 'DeadlineExceeded'
}

function goingOn(observed: Observed, job: KeptJob): Observation {
  const { pods, now, running } = observed
  const begun = running || job.failed > 0 || job.succeeded > 0 || pods.some(hasBegun)
  const phase = begun ? 'Running' : 'Starting'
  if (job.suspended) return { kind: 'Going', phase, said: suspended(job), again: undefined }
  if (pods.some(isAtWork)) return { kind: 'Going', phase, said: firstProblem(pods) ?? atWork(job), again: undefined }
  const problem = firstProblem(pods)
  const since = waitingSince(observed, begun)
  const deadline = since + job.startDeadlineMs
  if (now >= deadline) return notStarted(job, problem ?? unexplained(observed, begun))
  const wonderAt = since + Math.min(wonderAfterMs, job.startDeadlineMs / 2)
  const again = (problem === undefined && now < wonderAt ? Math.min(wonderAt, deadline) : deadline) - now
  if (problem !== undefined || now < wonderAt) return { kind: 'Going', phase, said: problem ?? expected(observed, job, begun), again }
  return { kind: 'Going', phase, said: unexplained(observed, begun), again, wonder: pods.find((pod) => pod.ended === undefined) ?? 'Job' }
}

/** Since when no worker is at work although one should be. */
function waitingSince({ startedAt, pods }: Observed, begun: boolean): number {
  if (!begun) return startedAt
  const waiting = pods.filter((pod) => pod.ended === undefined).map((pod) => pod.createdAt)
  if (waiting.length > 0) return Math.max(startedAt, Math.min(...waiting))
  return Math.max(startedAt, ...pods.map((pod) => pod.ended?.at ?? 0)) + longestBackoffMs
}

function notStarted(job: KeptJob, { reason, message }: Problem): FailedEnd {
  const text = `no worker started within ${shortDuration(job.startDeadlineMs)} (spec.startDeadline): ${message}; then create another run`
  const nobodySaysWhy = reason === 'Starting' || reason === 'Running'
  return { kind: 'Failed', said: nobodySaysWhy ? { reason: 'StartDeadlineExceeded', message: text } : { reason, message: text } }
}

function atWork({ workers }: KeptJob): Said {
  return { reason: 'Running', message: workers === 1 ? '1 worker is at work' : `${workers} workers are at work` }
}

/** Nothing is wrong, it only takes a moment. */
function expected({ pods }: Observed, { workers }: KeptJob, begun: boolean): Said {
  const failed = lastEnded(pods, ({ ended }) => ended.exitCode !== 0)
  if (failed === undefined && pods.some(({ ended }) => ended !== undefined)) return { reason: 'Running', message: 'the work is done; its Job is being closed' }
  if (failed === undefined) return { reason: begun ? 'Running' : 'Starting', message: startingMessage(workers) }
  if (failed.disruption !== undefined)
    return { reason: 'Running', message: `the cluster took worker ${failed.index} away (${failed.disruption}); another starts` }
  if (isOutOfMemory(failed.ended)) return { reason: 'Running', message: `${outOfMemory(failed)}; it is started again` }
  const { report, exitCode, lastWords } = failed.ended
  const why = report?.failure === undefined ? `with exit code ${exitCode}${words(lastWords)}` : `with ${report.failure.code}: ${report.failure.message}`
  return { reason: 'Running', message: `worker ${failed.index} failed ${why}; it is started again` }
}

function unexplained({ pods, hint, job }: Observed, begun: boolean): Said {
  const reason = begun ? 'Running' : 'Starting'
  const pod = pods.find(({ ended }) => ended === undefined)
  if (pod !== undefined) return { reason, message: `worker ${pod.index} waits: ${hint ?? `its pod does not say why; kubectl describe pod ${pod.name} may`}` }
  return { reason, message: `the Job has made no pods: ${hint ?? `kubectl describe job ${job?.name} says why`}` }
}

function suspended({ name }: KeptJob): Said {
  return { reason: 'Suspended', message: `somebody has suspended its Job; kubectl patch job ${name} -p '{"spec":{"suspend":false}}' lets it go on` }
}
