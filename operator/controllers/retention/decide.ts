// Decides whether a finished run or its Job has outlived its retention period. Pure. Called by retention.ts.
import { retentionOf } from '../../../crds/defaults.ts'
import type { CachedPipeline } from '../../cache/cached.ts'
import { type CachedRun, hasEnded } from '../../cache/runs.ts'

export type Expiry = 'nothing' | 'job' | 'run'

/**
 * What to delete: nothing, the Job (with its pods and their logs), or the run with all objects it owns. An unfinished run is never due.
 * The defaults apply if the pipeline is deleted (`pipeline` is undefined).
 */
export function decideExpiry(run: CachedRun, pipeline: Pick<CachedPipeline, 'spec'> | undefined, jobTtlMs: number, now: number): Expiry {
  if (run.metadata.deletionTimestamp !== undefined || !hasEnded(run)) return 'nothing'
  const { runsMilliseconds } = retentionOf(pipeline?.spec ?? {})
  const age = now - endOf(run)
  if (age >= runsMilliseconds) return 'run'
  return age >= jobTtlMs ? 'job' : 'nothing'
}

function endOf({ metadata, status }: CachedRun): number {
  return Date.parse(status?.completionTime ?? metadata.creationTimestamp)
}
