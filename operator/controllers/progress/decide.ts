// What the status of a run shows of its live progress, and how often. Pure.
import type { LiveProgress } from './book.ts'

/** `nextAt`: not again before; on a monotonic clock. */
export type Shown = { counts: LiveProgress; at: number; nextAt: number }

export type ShowQuestion = {
  /** Whether the counts are others than those shown. */
  changed: boolean
  shown: Pick<Shown, 'at' | 'nextAt'> | undefined
  now: number
  /** Runs at work: the more there are, the less often each is shown. */
  active: number
  /** 0 to 1. */
  random: number
}

const leastMs = 3_000
/** All runs together write at most this often. */
const writesPerSecond = 50
/** Duration and throughput go on when the counts do not. */
const refreshMs = 60_000

/** When it is shown, if now; undefined: not now. Jitter keeps runs that began together from being written together. */
export function decideShow({ changed, shown, now, active, random }: ShowQuestion): { at: number; nextAt: number } | undefined {
  if (shown !== undefined && now < (changed ? shown.nextAt : shown.at + refreshMs)) return undefined
  const pause = Math.max(leastMs, (active / writesPerSecond) * 1000)
  return { at: now, nextAt: now + pause * (0.8 + 0.4 * random) }
}

/**
 * What to show after `before`: never less. Redis that was wiped knows only the slices that have reported since; until these have
 * caught up, what was known stays. Counts are of one moment, so that they add up: they are not mixed.
 */
export function furthest(before: LiveProgress | undefined, found: LiveProgress): LiveProgress {
  const { records = found.records, slices = found.slices } = before ?? {}
  const behind = (records?.read ?? 0) > (found.records?.read ?? 0)
  const fewer = (slices?.done ?? 0) > (found.slices?.done ?? 0)
  return { ...found, ...(behind && { records }), ...((fewer || found.slices === undefined) && slices !== undefined && { slices }) }
}
