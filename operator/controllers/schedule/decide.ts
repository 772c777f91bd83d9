// Decides how to reconcile a pipeline's CronJob with the one found. Pure. Called by schedule.ts and pipeline-status/.
import { annotations } from '../../../crds/metadata.ts'
import type { CachedCronJob, CachedPipeline } from '../../cache/cached.ts'
import type { Draft } from '../../kubernetes/client.ts'
import type { CronJob } from '../../kubernetes/objects.ts'

export type CronJobDecision =
  | { act: 'nothing' }
  | { act: 'apply' }
  | { act: 'delete' }
  /** The CronJob belongs to a deleted pipeline of the same name and will be garbage collected. */
  | { act: 'wait' }
  /** A foreign CronJob has the name. */
  | { act: 'giveUp' }

export function decideCronJob(pipeline: CachedPipeline, wanted: Draft<CronJob> | undefined, found: CachedCronJob | undefined): CronJobDecision {
  if (found === undefined) return { act: wanted === undefined ? 'nothing' : 'apply' }
  const owner = found.metadata.ownerReferences?.find(({ controller }) => controller)
  if (owner?.uid !== pipeline.metadata.uid) {
    if (wanted === undefined) return { act: 'nothing' }
    return { act: owner?.kind === 'Pipeline' && owner.name === pipeline.metadata.name ? 'wait' : 'giveUp' }
  }
  if (found.metadata.deletionTimestamp !== undefined) return { act: wanted === undefined ? 'nothing' : 'wait' }
  if (wanted === undefined) return { act: 'delete' }
  return { act: isAsWanted(wanted, found) ? 'nothing' : 'apply' }
}

/** Whether the CronJob was created from this declaration, and its schedule has not been edited since. */
export function isAsWanted(wanted: Draft<CronJob>, found: CachedCronJob): boolean {
  const { schedule, timeZone, suspend } = found.spec
  return (
    found.metadata.annotations?.[annotations.declaration] === wanted.metadata.annotations?.[annotations.declaration] &&
    schedule === wanted.spec?.schedule &&
    timeZone === wanted.spec.timeZone &&
    suspend === wanted.spec.suspend
  )
}
