// Deletes what was kept for long enough: finished runs, and before them their Jobs. One reconcile is one run.

import type { KeptPipeline, KeptRun } from '../../kept.ts'
import { isConflict } from '../../kubernetes/api-error.ts'
import type { Cache } from '../../kubernetes/cache.ts'
import type { KubeClient } from '../../kubernetes/client.ts'
import type { Clock } from '../../kubernetes/clock.ts'
import { jobs, pipelineRuns } from '../../kubernetes/resources.ts'
import type { Reconcile } from '../../kubernetes/workers.ts'
import { pipelineKey } from '../run-state.ts'
import { decideExpiry, type Expiry } from './decide.ts'

export type RetentionDependencies = {
  client: Pick<KubeClient, 'delete'>
  clock: Pick<Clock, 'now'>
  pipelines: Pick<Cache<KeptPipeline>, 'get'>
  runs: Pick<Cache<KeptRun>, 'get' | 'keys'>
  /** Jobs of runs, keyed `namespace/name`; the Job of a run has its name. */
  jobs: Pick<Cache<{ uid: string; owner: { uid: string } | undefined }>, 'get'>
  /** How long the Job of a finished run is kept. */
  jobTtlMs: number
}

/** Keys are `namespace/name` of runs. */
export function retentionController(its: RetentionDependencies): Reconcile {
  return async (key) => {
    const run = its.runs.get(key)
    if (run === undefined) return undefined
    const due = expiryOf(its, key, run)
    const { name, namespace, uid, resourceVersion } = run.metadata
    const job = its.jobs.get(key)
    try {
      // The version keeps a run that somebody has just changed; what it owns is collected after it.
      if (due === 'run') await its.client.delete(pipelineRuns, name, namespace, { propagation: 'Background', preconditions: { uid, resourceVersion } })
      else if (due === 'job' && job?.owner?.uid === uid) {
        await its.client.delete(jobs, name, namespace, { propagation: 'Background', preconditions: { uid: job.uid } })
      }
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    return undefined
  }
}

/** The runs of which something is due. Looks at all of them, so it is for a sweep every ten minutes. */
export function* expired(its: RetentionDependencies): IterableIterator<string> {
  for (const key of its.runs.keys()) {
    const run = its.runs.get(key)
    const due = run === undefined ? 'nothing' : expiryOf(its, key, run)
    if (due === 'run' || (due === 'job' && its.jobs.get(key) !== undefined)) yield key
  }
}

function expiryOf({ pipelines, jobs, jobTtlMs, clock }: RetentionDependencies, key: string, run: KeptRun): Expiry {
  return decideExpiry(run, pipelines.get(pipelineKey(run)), jobs.get(key) === undefined ? Number.POSITIVE_INFINITY : jobTtlMs, clock.now())
}
