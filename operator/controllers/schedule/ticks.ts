// Finds the ticks of a schedule before and after a moment: for the interval of a scheduled run, and for nextRun in the pipeline's status.
// Like the CronJob controller, matches every minute against the wall clock of the schedule's time zone: a local time that daylight saving
// skips does not tick, and one that occurs twice ticks twice.
import { type CronFields, parseCron, ticksOnDay } from '../../../crds/cron.ts'

export type CronSchedule = { cron: string; timeZone: string }

type WallClock = { month: number; day: number; weekday: number; hour: number; minute: number }

const minuteMs = 60_000
const quarterMs = 15 * minuteMs
const hourMs = 60 * minuteMs
/** The CronJob controller searches this far, too. */
const horizonMs = 5 * 366 * 24 * hourMs

/** The last tick before a moment (milliseconds since 1970); undefined if there is none, or the schedule is invalid. */
export function tickBefore(schedule: CronSchedule, moment: number): number | undefined {
  return search(schedule, Math.ceil(moment / minuteMs) * minuteMs - minuteMs, -1)
}

/** The first tick after a moment. */
export function tickAfter(schedule: CronSchedule, moment: number): number | undefined {
  return search(schedule, Math.floor(moment / minuteMs) * minuteMs + minuteMs, 1)
}

function search({ cron, timeZone }: CronSchedule, start: number, direction: 1 | -1): number | undefined {
  const fields = fieldsOf(cron)
  const wallClock = fields === undefined ? undefined : wallClockOf(timeZone)
  if (fields === undefined || wallClock === undefined) return undefined
  for (let moment = start; Math.abs(moment - start) < horizonMs; ) {
    const wall = wallClock(moment)
    const rightDay = ticksOnDay(fields, wall.month, wall.day, wall.weekday)
    if (rightDay && fields.hours.has(wall.hour)) {
      if (fields.minutes.has(wall.minute)) return moment
      moment += direction * minuteMs
    } else {
      moment = rightDay ? nextQuarter(moment, direction) : nearDayBorder(moment, wall, direction)
    }
  }
  return undefined
}

/** Returns undefined for an invalid expression, which the API server rejects when the CronJob is applied. */
export function fieldsOf(cron: string): CronFields | undefined {
  try {
    return parseCron(cron)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Skips to the next quarter of an hour. UTC offsets and their changes are multiples of 15 minutes, so the skipped minutes are in the same hour. */
function nextQuarter(moment: number, direction: 1 | -1): number {
  return direction > 0 ? Math.floor(moment / quarterMs) * quarterMs + quarterMs : Math.floor(moment / quarterMs) * quarterMs - minuteMs
}

/** Skips to two hours before the next day, because the UTC offset may change in between; from there, moves by quarters of an hour. */
function nearDayBorder(moment: number, { hour }: WallClock, direction: 1 | -1): number {
  const hours = (direction > 0 ? 23 - hour : hour) - 2
  return nextQuarter(hours > 0 ? moment + direction * hours * hourMs : moment, direction)
}

const weekdays: Record<string, number> = { Sun: 0, Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6 }
const formats = new Map<string, Intl.DateTimeFormat>()

/** Returns undefined for an unknown time zone. */
function wallClockOf(timeZone: string): ((moment: number) => WallClock) | undefined {
  const format = formatOf(timeZone)
  if (format === undefined) return undefined
  return (moment) => {
    const parts = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]))
    const { month, day, weekday = '', hour, minute } = parts
    return { month: Number(month), day: Number(day), weekday: weekdays[weekday] ?? 0, hour: Number(hour), minute: Number(minute) }
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  try {
    const fields = { month: 'numeric', day: 'numeric', weekday: 'short', hour: 'numeric', minute: 'numeric' } as const
    const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', calendar: 'gregory', numberingSystem: 'latn', ...fields })
    formats.set(timeZone, format)
    return format
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
