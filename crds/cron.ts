// Cron expressions as the CronJob controller reads them: for `headgate check`, and for the operator, which computes ticks.

/** Values at which the expression fires. `days` and `weekdays` (0 is Sunday): undefined means every one. */
export type CronFields = {
  minutes: ReadonlySet<number>
  hours: ReadonlySet<number>
  months: ReadonlySet<number>
  days: ReadonlySet<number> | undefined
  weekdays: ReadonlySet<number> | undefined
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

type Unit = { name: string; min: number; max: number; words?: readonly string[] }

const units: readonly Unit[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, words: months },
  { name: 'day of week', min: 0, max: 6, words: days },
]

const macros: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/** Reads an expression. Throws RangeError that says which part is wrong and what it may be. */
export function parseCron(expression: string): CronFields {
  const parts = (macros[expression] ?? expression).trim().split(/\s+/)
  if (parts.length !== units.length) throw new RangeError(`"${expression}" has ${parts.length} fields, not five`)
  const fields = units.map((unit, index) => parseField(parts[index] as string, unit)) as [Field, Field, Field, Field, Field]
  const [minutes, hours, days, months, weekdays] = fields
  return {
    minutes: minutes.values,
    hours: hours.values,
    months: months.values,
    days: days.any ? undefined : days.values,
    weekdays: weekdays.any ? undefined : weekdays.values,
  }
}

/** Whether it ticks on a day. If both days of the month and of the week are restricted, either will do. */
export function ticksOnDay({ months, days, weekdays }: CronFields, month: number, day: number, weekday: number): boolean {
  if (!months.has(month)) return false
  if (days === undefined) return weekdays === undefined || weekdays.has(weekday)
  return days.has(day) || weekdays?.has(weekday) === true
}

/** Whether it ticks at all: the 30th of February never comes. */
export function canTick(fields: CronFields): boolean {
  const leapYear = 2024
  for (let date = new Date(Date.UTC(leapYear, 0, 1)); date.getUTCFullYear() === leapYear; date = new Date(date.getTime() + 86_400_000)) {
    // Each date falls on each day of the week in some year, so with a weekday the months alone decide.
    if (ticksOnDay({ ...fields, weekdays: undefined }, date.getUTCMonth() + 1, date.getUTCDate(), 0)) return true
  }
  return fields.weekdays !== undefined
}

/** `any`: a star or question mark without a step above 1, which restricts nothing. */
type Field = { values: ReadonlySet<number>; any: boolean }

function parseField(text: string, unit: Unit): Field {
  const parts = text.split(',').map((part) => parsePart(part, unit))
  return { values: new Set(parts.flatMap((part) => [...part.values])), any: parts.some((part) => part.any) }
}

function parsePart(part: string, unit: Unit): Field {
  const [range = '', stepText, ...more] = part.split('/')
  const [from = '', to, ...beyond] = range.split('-')
  const any = from === '*' || from === '?'
  if (more.length > 0 || beyond.length > 0 || (any && to !== undefined)) throw wrong(part, unit)
  const first = any ? unit.min : number(from, part, unit)
  const last = any || (to === undefined && stepText !== undefined) ? unit.max : to === undefined ? first : number(to, part, unit)
  const step = stepText === undefined ? 1 : Number(stepText)
  if (stepText !== undefined && !/^[1-9][0-9]*$/.test(stepText)) throw new RangeError(`the ${unit.name} ${part} needs a step of at least 1 after the slash`)
  if (first > last) throw new RangeError(`the ${unit.name} ${part} ends before it begins`)
  const values = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step)
  return { values: new Set(values), any: any && step === 1 }
}

function number(text: string, part: string, unit: Unit): number {
  const word = unit.words?.indexOf(text.toLowerCase()) ?? -1
  if (word >= 0) return word + unit.min
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN
  if (value >= unit.min && value <= unit.max) return value
  throw wrong(part, unit)
}

function wrong(part: string, { name, min, max, words }: Unit): RangeError {
  const also = words === undefined ? '' : ` or ${words[0]?.toUpperCase()} to ${words.at(-1)?.toUpperCase()}`
  const sunday = name === 'day of week' && part.includes('7') ? '; Sunday is 0' : ''
  return new RangeError(`the ${name} ${part} is not within ${min} to ${max}${also}${sunday}`)
}
