// Cron expressions as the CronJob controller understands them, for `headgate check` and for telling when a schedule ticks next.

export type Cron = {
  minutes: readonly number[]
  hours: readonly number[]
  /** Whether the schedule ticks on a day; day of week 0 is Sunday. */
  onDay(month: number, dayOfMonth: number, dayOfWeek: number): boolean
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
export function parseCron(expression: string): Cron {
  const parts = (macros[expression] ?? expression).split(/ +/)
  if (parts.length !== units.length) throw new RangeError(`"${expression}" has ${parts.length} fields, not five`)
  const fields = units.map((unit, index) => parseField(parts[index] as string, unit)) as [Field, Field, Field, Field, Field]
  const [minutes, hours, dayOfMonth, month, dayOfWeek] = fields
  // A day counts if both fields allow it; but if both restrict, either is enough.
  const either = !dayOfMonth.any && !dayOfWeek.any
  return {
    minutes: minutes.values,
    hours: hours.values,
    onDay(ofYear, ofMonth, ofWeek) {
      if (!month.values.includes(ofYear)) return false
      const [first, second] = [dayOfMonth.values.includes(ofMonth), dayOfWeek.values.includes(ofWeek)]
      return either ? first || second : first && second
    },
  }
}

type Field = { values: number[]; any: boolean }

function parseField(text: string, unit: Unit): Field {
  const parts = text.split(',').map((part) => parsePart(part, unit))
  const values = [...new Set(parts.flatMap((part) => part.values))].sort((a, b) => a - b)
  return { values, any: parts.some((part) => part.any) }
}

function parsePart(part: string, unit: Unit): Field {
  const [range = '', stepText, ...more] = part.split('/')
  const [from = '', to, ...beyond] = range.split('-')
  const any = range === '*' || range === '?'
  if (more.length > 0 || beyond.length > 0) throw wrong(part, unit)
  const first = any ? unit.min : number(from, part, unit)
  const last = any || (to === undefined && stepText !== undefined) ? unit.max : to === undefined ? first : number(to, part, unit)
  const step = stepText === undefined ? 1 : Number(stepText)
  if (stepText !== undefined && !/^[1-9][0-9]*$/.test(stepText)) throw new RangeError(`the ${unit.name} ${part} needs a step of at least 1 after the slash`)
  if (first > last) throw new RangeError(`the ${unit.name} ${part} ends before it begins`)
  const values = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step)
  return { values, any: any && step === 1 }
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
