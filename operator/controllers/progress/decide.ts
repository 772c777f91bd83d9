// Decides which progress the status of a run shows, and how often it is updated. Pure. Called by progress.ts.
import type { LiveProgress } from './book.ts'

/** `at` and `nextAt` are times of the monotonic clock: of the last update, and before which there is no other. */
export type Shown = { counts: LiveProgress; at: number; nextAt: number }

export type ShowQuestion = {
  /** Whether the counts differ from those shown. */
  changed: boolean
  shown: Pick<Shown, 'at' | 'nextAt'> | undefined
  now: number
  /** Number of active runs. The more there are, the less often each is updated. */
  active: number
  /** Between 0 and 1. */
  random: number
}

const leastMs = 3_000
/** Limit for all runs together. */
const writesPerSecond = 50
/** Throughput changes with time even if the counts do not. */
const refreshMs = 60_000

/** Returns the times of this update and the next if the progress is due; undefined otherwise. Jitter spreads runs that started together. */
export function decideShow({ changed, shown, now, active, random }: ShowQuestion): { at: number; nextAt: number } | undefined {
  if (shown !== undefined && now < (changed ? shown.nextAt : shown.at + refreshMs)) return undefined
  const pause = Math.max(leastMs, (active / writesPerSecond) * 1000)
  return { at: now, nextAt: now + pause * (0.8 + 0.4 * random) }
}

/**
 * The progress to show after `before`, never less. After a wipe, Redis has only slices that have reported since, so keep the earlier counts
 * until these have caught up. Counts of different moments are not mixed, because they would not add up.
 */
export function furthest(before: LiveProgress | undefined, found: LiveProgress): LiveProgress {
  const { records = found.records, slices = found.slices } = before ?? {}
  const behind = (records?.read ?? 0) > (found.records?.read ?? 0)
  const fewer = (slices?.done ?? 0) > (found.slices?.done ?? 0)
  return { ...found, ...(behind && { records }), ...((fewer || found.slices === undefined) && slices !== undefined && { slices }) }
}
