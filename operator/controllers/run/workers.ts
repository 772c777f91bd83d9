// A run's Job and pods in the caches, and functions on them that several steps use.
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import type { Caches } from '../../cache/caches.ts'
import type { CachedJob } from '../../cache/jobs.ts'
import type { CachedPod, PodEnd } from '../../cache/pods.ts'
import { type CachedRun, isOwnJob, runKey } from '../../cache/runs.ts'

/** The run's Job and its pods, as far as they still exist. */
export type Workers = { job: CachedJob | undefined; pods: readonly CachedPod[] }

/** The Job created for this run; a Job of the same name that belongs to another run does not count. */
export function jobOf({ jobs }: Pick<Caches, 'jobs'>, run: CachedRun): CachedJob | undefined {
  const job = jobs.get(runKey(run))
  return job?.owner?.uid === run.metadata.uid && isOwnJob(run, job.uid) ? job : undefined
}

/** The pods of a Job of the run. */
export function podsOf({ pods }: Pick<Caches, 'pods'>, run: CachedRun, job: CachedJob | undefined): CachedPod[] {
  return pods.byIndex('run', runKey(run)).filter(({ jobUid }) => jobUid === job?.uid)
}

export function isRunning(pod: CachedPod): boolean {
  return pod.phase === 'Running' && pod.waiting === undefined && pod.ended === undefined
}

/** Number of failed pods. The Job counts a failed pod only when its replacement is due, so count the pods too. */
export function attempts({ failed }: CachedJob, pods: readonly CachedPod[]): number {
  return Math.max(failed, pods.filter(({ ended, disruption }) => ended !== undefined && ended.exitCode !== 0 && disruption === undefined).length)
}

export type EndedPod = CachedPod & { ended: PodEnd }

/** The pod that ended last among those that match. */
export function lastEnded(pods: readonly CachedPod[], matches: (pod: EndedPod) => boolean): EndedPod | undefined {
  const ended = pods.filter((pod): pod is EndedPod => pod.ended !== undefined).filter(matches)
  return ended.toSorted((one, other) => other.ended.at - one.ended.at || one.index - other.index)[0]
}

/** The latest report of an ended pod. */
export function latestReport(pods: readonly CachedPod[]): WorkerReport | undefined {
  return lastEnded(pods, ({ ended }) => ended.report !== undefined)?.ended.report
}

export function workersOf(workers: number): string {
  return workers === 1 ? '1 worker' : `${workers} workers`
}

/** Message for a Job none of whose pods has started. */
export function startingMessage(workers: number): string {
  return `waits for ${workers === 1 ? 'the worker' : `${workers} workers`} to start`
}
