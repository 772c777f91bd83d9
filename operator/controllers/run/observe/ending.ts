// Why a Job failed: which pod decided it, and why that pod ended. Pure.
import type { RunFailure } from '../../../../crds/status.ts'
import { workerExitCodes } from '../../../../crds/wire/worker-report.ts'
import type { JobEnd } from '../../../cache/jobs.ts'
import type { KeptPod, PodEnd } from '../../../cache/pods.ts'
import type { FailedEnd } from '../conclude.ts'
import { type EndedPod, lastEnded } from '../workers.ts'

/** SIGKILL; containerd sometimes says only this of a container that was out of memory. */
const killed = 137

/** `pods` are those of the Job. */
export function failedEnd(end: JobEnd, pods: readonly KeptPod[]): FailedEnd {
  if (end.reason === 'DeadlineExceeded') return timedOut(pods)
  const final = lastEnded(pods, isFinal)
  if (end.reason === 'PodFailurePolicy' || final !== undefined) return final === undefined ? unseenEnd(end) : finalEnd(final)
  const last = lastEnded(pods, ({ ended }) => ended.exitCode !== 0)
  return last === undefined ? unseenEnd(end) : workersFailed(last)
}

export function isFinal({ ended: { exitCode } }: EndedPod): boolean {
  return exitCode >= workerExitCodes.firstFinal && exitCode <= workerExitCodes.lastFinal
}

function timedOut(pods: readonly KeptPod[]): FailedEnd {
  const report = lastEnded(pods, ({ ended }) => ended.report !== undefined)?.ended.report
  const message =
    'the run did not end within spec.timeout of its Pipeline, or the administrator’s where there is none, and was stopped; raise it, or add workers'
  return { kind: 'Failed', said: { reason: 'Timeout', message }, report }
}

/** A worker said that the run cannot succeed. */
function finalEnd({ name, ended }: EndedPod): FailedEnd {
  const { report, exitCode, lastWords } = ended
  if (exitCode === workerExitCodes.cancelled || report?.state === 'Cancelled')
    return { kind: 'Cancelled', said: { reason: 'Cancelled', message: 'the workers stopped because they were asked to' }, report }
  const failure = report?.failure
  const message =
    failure === undefined ? `a worker ended the run with exit code ${exitCode}${words(lastWords)}; kubectl logs ${name} tells more` : said(failure)
  return { kind: 'Failed', said: { reason: 'RunFailed', message }, report, failure }
}

/** Each worker was started again as often as it may. */
function workersFailed(pod: EndedPod): FailedEnd {
  const { ended, name, index, disruption } = pod
  const { report, exitCode, lastWords } = ended
  const failure = report?.failure
  if (disruption !== undefined) {
    const message = `the cluster took worker ${index} away and its retries are used up: ${disruption}`
    return { kind: 'Failed', said: { reason: 'Evicted', message }, report }
  }
  if (isOutOfMemory(ended)) return { kind: 'Failed', said: { reason: 'OutOfMemory', message: outOfMemory(pod) }, report }
  const why = failure === undefined ? `exit code ${exitCode}${words(lastWords)}; kubectl logs ${name} tells more` : said(failure)
  return { kind: 'Failed', said: { reason: 'WorkerFailed', message: `the workers failed, also when started again; the last: ${why}` }, report, failure }
}

/** The pods are gone, so only the Job's condition is left to read. */
function unseenEnd({ reason, message }: JobEnd): FailedEnd {
  const code = /exit code (\d+)/.exec(message)?.[1]
  if (code === String(workerExitCodes.cancelled))
    return { kind: 'Cancelled', said: { reason: 'Cancelled', message: 'the workers stopped because they were asked to' } }
  const words = message === '' ? reason : message
  return { kind: 'Failed', said: { reason: reason === 'PodFailurePolicy' ? 'RunFailed' : 'WorkerFailed', message: `the Job failed: ${words}` } }
}

export function isOutOfMemory({ exitCode, reason }: PodEnd): boolean {
  return reason === 'OOMKilled' || exitCode === killed
}

export function outOfMemory({ index, ended }: EndedPod): string {
  const certain = ended.reason === 'OOMKilled' ? 'was out of memory' : 'was killed (exit code 137), possibly out of memory'
  return `worker ${index} ${certain}; raise spec.resources.limits.memory of the Pipeline, or lower spec.batchSize`
}

function said({ code, message }: RunFailure): string {
  return `${code}: ${message}`
}

export function words(lastWords: string): string {
  return lastWords === '' ? '' : ` (${lastWords})`
}
