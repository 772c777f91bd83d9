// Reads a cron expression as Kubernetes does, so that the operator can tell the ticks before and after a moment (ticks.ts).
// Whether an expression is accepted is the API server's to say, by the CronJob; what is unknown here only leaves those moments out.

/** Values at which the expression fires. `days` and `weekdays`: undefined means every one. */
export type CronFields = {
  minutes: ReadonlySet<number>
  hours: ReadonlySet<number>
  months: ReadonlySet<number>
  days: ReadonlySet<number> | undefined
  weekdays: ReadonlySet<number> | undefined
}

type Range = { lowest: number; highest: number; names: readonly string[] }

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const minute: Range = { lowest: 0, highest: 59, names: [] }
const hour: Range = { lowest: 0, highest: 23, names: [] }
const day: Range = { lowest: 1, highest: 31, names: [] }
const month: Range = { lowest: 1, highest: 12, names: monthNames }
const weekday: Range = { lowest: 0, highest: 6, names: weekdayNames }

const macros: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/** Undefined if this is no cron expression. */
export function parseCron(expression: string): CronFields | undefined {
  const [minutes, hours, days, months, weekdays, ...more] = (macros[expression.trim()] ?? expression).trim().split(/\s+/)
  if (minutes === undefined || hours === undefined || days === undefined || months === undefined || weekdays === undefined || more.length > 0) return undefined
  try {
    return {
      minutes: valuesOf(minutes, minute),
      hours: valuesOf(hours, hour),
      months: valuesOf(months, month),
      days: isEvery(days) ? undefined : valuesOf(days, day),
      weekdays: isEvery(weekdays) ? undefined : valuesOf(weekdays, weekday),
    }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * Any part that begins with a star, without a step above 1, makes the field an unrestricted one: only then does the other of day
 * and weekday decide alone. If both are restricted, either will do.
 */
function isEvery(field: string): boolean {
  return field.split(',').some((part) => /^[*?](\/1)?$/.test(part))
}

function valuesOf(field: string, range: Range): Set<number> {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const match = /^([*?]|[0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?(?:\/([0-9]+))?$/.exec(part)
    if (match === null) throw new RangeError(part)
    const [, from = '', to, step] = match
    const every = from === '*' || from === '?'
    const first = every ? range.lowest : numberOf(from, range)
    const last = every || (to === undefined && step !== undefined) ? range.highest : to === undefined ? first : numberOf(to, range)
    const stride = step === undefined ? 1 : Number(step)
    if ((every && to !== undefined) || first > last || stride < 1) throw new RangeError(part)
    for (let value = first; value <= last; value += stride) values.add(value)
  }
  return values
}

function numberOf(text: string, range: Range): number {
  const named = range.names.indexOf(text.toLowerCase())
  const value = named >= 0 ? named + range.lowest : /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= range.lowest && value <= range.highest)) throw new RangeError(text)
  return value
}
