// Which ticks become runs, and which are skipped. Pure.
import type { ScheduleSettings } from '../../../crds/defaults.ts'
import { annotations } from '../../../crds/metadata.ts'
import { type KeptTick, scheduledTimestamp } from '../../cache/kept.ts'
import { lateAfterMs } from './cron-job.ts'

/** A Job of our CronJob about which nothing was decided yet. `at`: when it was due, milliseconds since 1970. */
export type Tick = { job: KeptTick; at: number }

export type SkipReason = 'Suspended' | 'Missed'

export type TickDecisions = {
  /** Oldest first. */
  run: Tick[]
  skip: { tick: Tick; reason: SkipReason }[]
}

/** The clock of the CronJob controller may be ahead of ours by this much. */
const skewMs = 60_000

/**
 * Ticks without a decision, oldest first. Jobs of another CronJob, or made by hand, are no ticks. Such a Job can name the CronJob as
 * owner all the same; one with a time in the future would pass for the newest tick until then, so it is ignored.
 */
export function pendingTicks(jobs: readonly KeptTick[], cronJobUid: string, now: number): Tick[] {
  return jobs
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === cronJobUid) === true)
    .filter(({ metadata }) => isUndecided(metadata))
    .map((job) => ({ job, at: Date.parse(job.metadata.annotations?.[scheduledTimestamp] ?? '') }))
    .filter(({ at }) => at <= now + skewMs)
    .sort((one, other) => one.at - other.at)
}

export function isUndecided({ annotations: its }: { annotations?: Record<string, string> }): boolean {
  return its?.[annotations.run] === undefined && its?.[annotations.skipped] === undefined
}

/**
 * The newest tick becomes a run, unless it is late. All others were missed while Headgate was away; the latest `catchUp` of
 * them are made up for.
 */
export function decideTicks(pending: readonly Tick[], { suspend, catchUp }: Pick<ScheduleSettings, 'suspend' | 'catchUp'>, now: number): TickDecisions {
  if (suspend) return { run: [], skip: pending.map((tick) => ({ tick, reason: 'Suspended' })) }
  const newest = pending.at(-1)
  const onTime = newest !== undefined && now - newest.at <= lateAfterMs ? 1 : 0
  const firstRun = Math.max(0, pending.length - catchUp - onTime)
  return { run: pending.slice(firstRun), skip: pending.slice(0, firstRun).map((tick) => ({ tick, reason: 'Missed' })) }
}
