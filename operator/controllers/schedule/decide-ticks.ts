// Decides which ticks become runs and which are skipped. Pure. Called by act-ticks.ts.
import type { ScheduleSettings } from '../../../crds/defaults.ts'
import { annotations } from '../../../crds/metadata.ts'
import { type CachedTick, scheduledTimestamp } from '../../cache/cached.ts'
import { lateAfterMs } from './cron-job.ts'

/** A Job of the pipeline's CronJob without a decision. `at`: when it was due, in milliseconds since 1970. */
export type Tick = { job: CachedTick; at: number }

export type SkipReason = 'Suspended' | 'Missed'

export type TickDecisions = {
  /** Oldest first. */
  run: Tick[]
  skip: { tick: Tick; reason: SkipReason }[]
}

/** Tolerated lead of the CronJob controller's clock over the operator's. */
const skewMs = 60_000

/**
 * Ticks without a decision, oldest first. Jobs of another CronJob or without one do not count. A Job created by hand can claim the CronJob as
 * its owner; with a time in the future it would count as the newest tick until then, so such a Job is ignored.
 */
export function pendingTicks(jobs: readonly CachedTick[], cronJobUid: string, now: number): Tick[] {
  return jobs
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === cronJobUid) === true)
    .filter(({ metadata }) => isUndecided(metadata))
    .map((job) => ({ job, at: Date.parse(job.metadata.annotations?.[scheduledTimestamp] ?? '') }))
    .filter(({ at }) => at <= now + skewMs)
    .sort((one, other) => one.at - other.at)
}

export function isUndecided({ annotations: entries }: { annotations?: Record<string, string> }): boolean {
  return entries?.[annotations.run] === undefined && entries?.[annotations.skipped] === undefined
}

/**
 * The newest tick becomes a run, unless it is late. All others were missed while the operator was down; of these, the latest `catchUp`
 * become runs.
 */
export function decideTicks(pending: readonly Tick[], { suspend, catchUp }: Pick<ScheduleSettings, 'suspend' | 'catchUp'>, now: number): TickDecisions {
  if (suspend) return { run: [], skip: pending.map((tick) => ({ tick, reason: 'Suspended' })) }
  const newest = pending.at(-1)
  const onTime = newest !== undefined && now - newest.at <= lateAfterMs ? 1 : 0
  const firstRun = Math.max(0, pending.length - catchUp - onTime)
  return { run: pending.slice(firstRun), skip: pending.slice(0, firstRun).map((tick) => ({ tick, reason: 'Missed' })) }
}
