// Decides the state of a started run from its Job and pods. Pure: `observe.ts` collects the input and writes the result.
import { shortDuration } from '../../../../crds/durations.ts'
import type { WorkerReport } from '../../../../crds/wire/worker-report.ts'
import type { CachedJob, JobEnd } from '../../../cache/jobs.ts'
import type { CachedPod } from '../../../cache/pods.ts'
import type { FailedEnd } from '../conclude.ts'
import type { ConditionText } from '../status.ts'
import { isRunning, lastEnded, startingMessage } from '../workers.ts'
import { failedEnd, inParentheses, isFinal, isOutOfMemory, outOfMemory } from './ending.ts'
import { firstProblem, hasBegun, type Problem } from './waiting.ts'

export type Observed = {
  now: number
  /** When the Job was created. */
  startedAt: number
  /** Whether the phase in the status is Running. */
  running: boolean
  /** Undefined if the cache has no Job of this run. */
  job: CachedJob | undefined
  /** The existing pods of the Job. */
  pods: readonly CachedPod[]
  /** When this process first saw that the Job has ended. */
  endSeenAt: number | undefined
  /** The text of a warning Event, for a Job or pod whose status gives no reason. */
  hint: string | undefined
}

export type Observation =
  | { kind: 'Succeeded'; report: WorkerReport | undefined }
  | FailedEnd
  /** The Job is missing from the cache: ask the API server. */
  | { kind: 'NoJob' }
  /** The Job has ended, but no cached pod has a report yet. */
  | { kind: 'AwaitReport'; requeueAfterMs: number }
  /** `unexplained`: the object that waits without a reason in its status; look for Events about it. */
  | { kind: 'Ongoing'; phase: 'Starting' | 'Running'; condition: Problem; requeueAfterMs: number | undefined; unexplained?: 'Job' | CachedPod }

/** The watches of Jobs and pods are independent, so the end of the Job may arrive shortly before that of its pods. */
const reportGraceMs = 3000
const reportPollMs = 250
/** Look for Events about a Job or pod that has waited this long, or half of its start deadline, without a reason in its status. */
const unexplainedAfterMs = 10_000
/** Longest delay of the Job controller between the end of a worker and its restart. */
const longestBackoffMs = 120_000

export function observe(observed: Observed): Observation {
  const { job, pods, now } = observed
  if (job === undefined) return { kind: 'NoJob' }
  if (job.end === undefined) return ongoing(observed, job)
  const mayStillReport = pods.some((pod) => pod.ended === undefined) && !hasReported(job.end, pods)
  const left = (observed.endSeenAt ?? now) + reportGraceMs - now
  if (mayStillReport && left > 0) return { kind: 'AwaitReport', requeueAfterMs: Math.min(left, reportPollMs) }
  if (!hasSucceeded(job.end)) return failedEnd(job.end, pods)
  return { kind: 'Succeeded', report: lastEnded(pods, ({ ended }) => ended.exitCode === 0)?.ended.report }
}

function hasSucceeded({ type }: JobEnd): boolean {
  return type === 'Complete' || type === 'SuccessCriteriaMet'
}

function hasReported(end: JobEnd, pods: readonly CachedPod[]): boolean {
  if (hasSucceeded(end)) return lastEnded(pods, ({ ended }) => ended.exitCode === 0) !== undefined
  if (end.reason === 'PodFailurePolicy') return lastEnded(pods, isFinal) !== undefined
  return end.reason === 'DeadlineExceeded'
}

function ongoing(observed: Observed, job: CachedJob): Observation {
  const { pods, now, running } = observed
  const begun = running || job.failed > 0 || job.succeeded > 0 || pods.some(hasBegun)
  const phase = begun ? 'Running' : 'Starting'
  if (job.suspended) return { kind: 'Ongoing', phase, condition: suspended(job), requeueAfterMs: undefined }
  if (pods.some(isRunning)) return { kind: 'Ongoing', phase, condition: firstProblem(pods) ?? runningMessage(job), requeueAfterMs: undefined }
  const problem = firstProblem(pods)
  const since = waitingSince(observed, begun)
  const deadline = since + job.startDeadlineMs
  if (now >= deadline) return notStarted(job, problem ?? withoutReason(observed, begun))
  const unexplainedAt = since + Math.min(unexplainedAfterMs, job.startDeadlineMs / 2)
  const requeueAfterMs = (problem === undefined && now < unexplainedAt ? Math.min(unexplainedAt, deadline) : deadline) - now
  if (problem !== undefined || now < unexplainedAt) return { kind: 'Ongoing', phase, condition: problem ?? expectedWait(observed, job, begun), requeueAfterMs }
  return {
    kind: 'Ongoing',
    phase,
    condition: withoutReason(observed, begun),
    requeueAfterMs,
    unexplained: pods.find((pod) => pod.ended === undefined) ?? 'Job',
  }
}

/** Since when no worker has been running although one should be. */
function waitingSince({ startedAt, pods }: Observed, begun: boolean): number {
  if (!begun) return startedAt
  const waiting = pods.filter((pod) => pod.ended === undefined).map((pod) => pod.createdAt)
  if (waiting.length > 0) return Math.max(startedAt, Math.min(...waiting))
  return Math.max(startedAt, ...pods.map((pod) => pod.ended?.at ?? 0)) + longestBackoffMs
}

function notStarted(job: CachedJob, { reason, message }: Problem): FailedEnd {
  const text = `no worker started within ${shortDuration(job.startDeadlineMs)} (spec.startDeadline): ${message}; then create another run`
  const isUnexplained = reason === 'Starting' || reason === 'Running'
  return { kind: 'Failed', condition: isUnexplained ? { reason: 'StartDeadlineExceeded', message: text } : { reason, message: text } }
}

function runningMessage({ workers }: CachedJob): ConditionText {
  return { reason: 'Running', message: workers === 1 ? '1 worker is running' : `${workers} workers are running` }
}

/** Message for a normal, short wait. */
function expectedWait({ pods }: Observed, { workers }: CachedJob, begun: boolean): ConditionText {
  const failed = lastEnded(pods, ({ ended }) => ended.exitCode !== 0)
  if (failed === undefined && pods.some(({ ended }) => ended !== undefined))
    return { reason: 'Running', message: 'all workers are done; waits for the Job to complete' }
  if (failed === undefined) return { reason: begun ? 'Running' : 'Starting', message: startingMessage(workers) }
  if (failed.disruption !== undefined) return { reason: 'Running', message: `worker ${failed.index} was evicted (${failed.disruption}); a replacement starts` }
  if (isOutOfMemory(failed.ended)) return { reason: 'Running', message: `${outOfMemory(failed)}; the worker is restarted` }
  const { report, exitCode, logTail } = failed.ended
  const why = report?.failure === undefined ? `with exit code ${exitCode}${inParentheses(logTail)}` : `with ${report.failure.code}: ${report.failure.message}`
  return { reason: 'Running', message: `worker ${failed.index} failed ${why}; it is restarted` }
}

/** Message for a wait whose reason is not in the status of the Job or pod: the hint from Events, or the command that shows more. */
function withoutReason({ pods, hint, job }: Observed, begun: boolean): ConditionText {
  const reason = begun ? 'Running' : 'Starting'
  const pod = pods.find(({ ended }) => ended === undefined)
  if (pod !== undefined) return { reason, message: `worker ${pod.index} waits: ${hint ?? `its pod gives no reason; see kubectl describe pod ${pod.name}`}` }
  return { reason, message: `the Job has created no pods: ${hint ?? `see kubectl describe job ${job?.name}`}` }
}

function suspended({ name }: CachedJob): ConditionText {
  return {
    reason: 'Suspended',
    message: `the Job was suspended, but not by the operator; to resume it, run kubectl patch job ${name} -p '{"spec":{"suspend":false}}'`,
  }
}
