// Offsets of IANA zones through Intl: converts a wall-clock time to UTC. Called for timestamps without a zone.
import { daysOf, secondsPerDay, unixToPostgresDays } from './calendar.ts'

const quarterHour = 900
const mostCached = 20_000

/** Seconds of a wall clock since 2000-01-01 → the same in UTC; undefined in the gap when clocks go forward. */
export type ToUtc = (wallSeconds: number) => number | undefined

/** Of a time that occurs twice, when clocks go back, the earlier one is taken. Throws a RangeError for an unknown zone. */
export function zoneReader(zone: string): ToUtc {
  if (zone === 'UTC') return (wallSeconds) => wallSeconds
  const offsetAt = cachedOffsets(zone)
  return (wallSeconds) => {
    const before = offsetAt(wallSeconds - secondsPerDay)
    const after = offsetAt(wallSeconds + secondsPerDay)
    const early = wallSeconds - Math.max(before, after)
    if (offsetAt(early) === wallSeconds - early) return early
    const late = wallSeconds - Math.min(before, after)
    return offsetAt(late) === wallSeconds - late ? late : undefined
  }
}

function cachedOffsets(zone: string): (utcSeconds: number) => number {
  const offsetAt = offsets(zone)
  const starts = new Map<number, number>()
  const cached = (quarter: number) => {
    const known = starts.get(quarter)
    if (known !== undefined) return known
    if (starts.size >= mostCached) starts.clear()
    const offset = offsetAt(quarter * quarterHour)
    starts.set(quarter, offset)
    return offset
  }
  return (utcSeconds) => {
    const quarter = Math.floor(utcSeconds / quarterHour)
    const offset = cached(quarter)
    return offset === cached(quarter + 1) ? offset : offsetAt(utcSeconds)
  }
}

function offsets(zone: string): (utcSeconds: number) => number {
  const format = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (utcSeconds) => {
    const parts: Record<string, string> = {}
    for (const { type, value } of format.formatToParts((utcSeconds + unixToPostgresDays * secondsPerDay) * 1000)) parts[type] = value
    const year = parts.era?.startsWith('B') ? 1 - Number(parts.year) : Number(parts.year)
    const days = daysOf(year, Number(parts.month), Number(parts.day))
    return days * secondsPerDay + Number(parts.hour) * 3600 + Number(parts.minute) * 60 + Number(parts.second) - utcSeconds
  }
}
