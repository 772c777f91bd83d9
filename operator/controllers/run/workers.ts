// The Job of a run and its pods as the caches have them, and the questions about these that several steps ask.
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import type { Caches } from '../../cache/caches.ts'
import type { KeptJob } from '../../cache/jobs.ts'
import type { KeptPod, PodEnd } from '../../cache/pods.ts'
import { isOwnJob, type KeptRun, runKey } from '../../cache/runs.ts'

/** What is left of them. `pods` are those of the Job. */
export type Workers = { job: KeptJob | undefined; pods: readonly KeptPod[] }

/** The Job that was created for this very run, not another of the same name. */
export function jobOf({ jobs }: Pick<Caches, 'jobs'>, run: KeptRun): KeptJob | undefined {
  const job = jobs.get(runKey(run))
  return job?.owner?.uid === run.metadata.uid && isOwnJob(run, job.uid) ? job : undefined
}

/** The pods of a Job of the run. */
export function podsOf({ pods }: Pick<Caches, 'pods'>, run: KeptRun, job: KeptJob | undefined): KeptPod[] {
  return pods.byIndex('run', runKey(run)).filter(({ jobUid }) => jobUid === job?.uid)
}

export function isAtWork(pod: KeptPod): boolean {
  return pod.phase === 'Running' && pod.waiting === undefined && pod.ended === undefined
}

/** Pods that have failed. The Job counts one only when its successor is due. */
export function attempts({ failed }: KeptJob, pods: readonly KeptPod[]): number {
  return Math.max(failed, pods.filter(({ ended, disruption }) => ended !== undefined && ended.exitCode !== 0 && disruption === undefined).length)
}

export type EndedPod = KeptPod & { ended: PodEnd }

/** The pod that ended last of those that are meant. */
export function lastEnded(pods: readonly KeptPod[], meant: (pod: EndedPod) => boolean): EndedPod | undefined {
  const ended = pods.filter((pod): pod is EndedPod => pod.ended !== undefined).filter(meant)
  return ended.toSorted((one, other) => other.ended.at - one.ended.at || one.index - other.index)[0]
}

/** The best report among pods that have ended. */
export function latestReport(pods: readonly KeptPod[]): WorkerReport | undefined {
  return lastEnded(pods, ({ ended }) => ended.report !== undefined)?.ended.report
}

export function workersOf(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}

/** Of a Job whose pods have not begun. */
export function startingMessage(workers: number): string {
  return `waits for its ${workers === 1 ? 'worker' : `${workers} workers`} to start`
}
