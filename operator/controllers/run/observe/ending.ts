// Decides why a Job failed: which pod caused the failure, and why that pod ended. Pure. Called by decide.ts.
import type { RunFailure } from '../../../../crds/status.ts'
import { workerExitCodes } from '../../../../crds/wire/worker-report.ts'
import type { JobEnd } from '../../../cache/jobs.ts'
import type { CachedPod, PodEnd } from '../../../cache/pods.ts'
import type { FailedEnd } from '../conclude.ts'
import { type EndedPod, lastEnded } from '../workers.ts'

/** Exit code for SIGKILL; containerd sometimes reports only this for a container that ran out of memory. */
const killed = 137

/** `pods` are the existing pods of the Job. */
export function failedEnd(end: JobEnd, pods: readonly CachedPod[]): FailedEnd {
  if (end.reason === 'DeadlineExceeded') return timedOut(pods)
  const final = lastEnded(pods, isFinal)
  if (end.reason === 'PodFailurePolicy' || final !== undefined) return final === undefined ? unseenEnd(end) : finalEnd(final)
  const last = lastEnded(pods, ({ ended }) => ended.exitCode !== 0)
  return last === undefined ? unseenEnd(end) : workersFailed(last)
}

export function isFinal({ ended: { exitCode } }: EndedPod): boolean {
  return exitCode >= workerExitCodes.firstFinal && exitCode <= workerExitCodes.lastFinal
}

function timedOut(pods: readonly CachedPod[]): FailedEnd {
  const report = lastEnded(pods, ({ ended }) => ended.report !== undefined)?.ended.report
  const message =
    'the run exceeded spec.timeout of its Pipeline, or the administrator’s default where that is not set, and was stopped; raise the timeout, or add workers'
  return { kind: 'Failed', condition: { reason: 'Timeout', message }, report }
}

/** A worker reported that the run cannot succeed. */
function finalEnd({ name, ended }: EndedPod): FailedEnd {
  const { report, exitCode, logTail } = ended
  if (exitCode === workerExitCodes.cancelled || report?.state === 'Cancelled')
    return { kind: 'Cancelled', condition: { reason: 'Cancelled', message: 'the workers stopped because they were asked to' }, report }
  const failure = report?.failure
  const message =
    failure === undefined ? `a worker ended the run with exit code ${exitCode}${inParentheses(logTail)}; see kubectl logs ${name}` : describeFailure(failure)
  return { kind: 'Failed', condition: { reason: 'RunFailed', message }, report, failure }
}

/** Every worker has used up its retries. */
function workersFailed(pod: EndedPod): FailedEnd {
  const { ended, name, index, disruption } = pod
  const { report, exitCode, logTail } = ended
  const failure = report?.failure
  if (disruption !== undefined) {
    const message = `worker ${index} was evicted and its retries are used up: ${disruption}`
    return { kind: 'Failed', condition: { reason: 'Evicted', message }, report }
  }
  if (isOutOfMemory(ended)) return { kind: 'Failed', condition: { reason: 'OutOfMemory', message: outOfMemory(pod) }, report }
  const why = failure === undefined ? `exit code ${exitCode}${inParentheses(logTail)}; see kubectl logs ${name}` : describeFailure(failure)
  return {
    kind: 'Failed',
    condition: { reason: 'WorkerFailed', message: `the workers failed and their retries are used up; last failure: ${why}` },
    report,
    failure,
  }
}

/** No pod explains the failure, so use the Job's condition. */
function unseenEnd({ reason, message }: JobEnd): FailedEnd {
  const code = /exit code (\d+)/.exec(message)?.[1]
  if (code === String(workerExitCodes.cancelled))
    return { kind: 'Cancelled', condition: { reason: 'Cancelled', message: 'the workers stopped because they were asked to' } }
  const detail = message === '' ? reason : message
  return { kind: 'Failed', condition: { reason: reason === 'PodFailurePolicy' ? 'RunFailed' : 'WorkerFailed', message: `the Job failed: ${detail}` } }
}

export function isOutOfMemory({ exitCode, reason }: PodEnd): boolean {
  return reason === 'OOMKilled' || exitCode === killed
}

export function outOfMemory({ index, ended }: EndedPod): string {
  const cause = ended.reason === 'OOMKilled' ? 'ran out of memory' : 'was killed (exit code 137), possibly out of memory'
  return `worker ${index} ${cause}; raise spec.resources.limits.memory of the Pipeline, or lower spec.batchSize`
}

function describeFailure({ code, message }: RunFailure): string {
  return `${code}: ${message}`
}

export function inParentheses(logTail: string): string {
  return logTail === '' ? '' : ` (${logTail})`
}
