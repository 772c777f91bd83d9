// When a finished run and its Job have been kept for long enough. Pure.
import { retentionOf } from '../../../crds/defaults.ts'
import type { KeptPipeline } from '../../cache/kept.ts'
import { hasEnded, type KeptRun } from '../../cache/runs.ts'

export type Expiry = 'nothing' | 'job' | 'run'

/**
 * What of a run is due to be deleted: nothing, its Job (with the pods' logs), or the run with all it owns. A run that is not
 * finished is never due. `pipeline` is undefined if it is gone; then the defaults hold.
 */
export function decideExpiry(run: KeptRun, pipeline: Pick<KeptPipeline, 'spec'> | undefined, jobTtlMs: number, now: number): Expiry {
  if (run.metadata.deletionTimestamp !== undefined || !hasEnded(run)) return 'nothing'
  const { runsMilliseconds } = retentionOf(pipeline?.spec ?? {})
  const age = now - endOf(run)
  if (age >= runsMilliseconds) return 'run'
  return age >= jobTtlMs ? 'job' : 'nothing'
}

function endOf({ metadata, status }: KeptRun): number {
  return Date.parse(status?.completionTime ?? metadata.creationTimestamp)
}
