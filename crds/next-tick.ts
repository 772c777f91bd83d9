// When a schedule ticks next. The clock itself is a CronJob; this is for telling people.
import type { Cron } from './cron.ts'

const day = 86_400_000
const minute = 60_000
/** The 29th of February can be eight years away, around a century that is no leap year. */
const furthest = 8 * 366 + 1

/**
 * The first tick after a moment, in a zone of IANA; undefined if there is none within eight years. A local time that the change
 * to summer time skips does not tick, one that comes twice ticks once. Throws RangeError for an unknown zone.
 */
export function nextTick(cron: Cron, timeZone: string, after: Date): Date | undefined {
  const local = localClock(timeZone)
  const from = after.getTime()
  const today = Math.floor(local(from) / day) * day
  for (let ahead = 0; ahead <= furthest; ahead++) {
    const date = new Date(today + ahead * day)
    if (!cron.onDay(date.getUTCMonth() + 1, date.getUTCDate(), date.getUTCDay())) continue
    const tick = firstOfDay(cron, date.getTime(), local, from)
    if (tick !== undefined) return new Date(tick)
  }
  return undefined
}

/** `midnight` is that of the local day, as if local time were UTC. */
function firstOfDay(cron: Cron, midnight: number, local: (moment: number) => number, after: number): number | undefined {
  const ticks = cron.hours.flatMap((hour) => cron.minutes.flatMap((at) => moments(midnight + (hour * 60 + at) * minute, local)))
  return ticks.filter((tick) => tick > after).sort((a, b) => a - b)[0]
}

/** The moment that a wall clock shows as that; none if it never does, the earlier one if it does twice. */
function moments(wall: number, local: (moment: number) => number): number[] {
  const offsets = [wall - day, wall + day].map((moment) => local(moment) - moment)
  const candidates = offsets.map((offset) => wall - offset).filter((moment) => local(moment) === wall)
  return candidates.length === 0 ? [] : [Math.min(...candidates)]
}

/** What a wall clock of the zone shows at a moment, to the minute, as if local time were UTC. */
function localClock(timeZone: string): (moment: number) => number {
  const options = { timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
  const format = new Intl.DateTimeFormat('en-US', options)
  return (moment) => {
    const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, Number(value)]))
    return Date.UTC(parts.year as number, (parts.month as number) - 1, parts.day, parts.hour, parts.minute)
  }
}
