// timestamp: an instant; written with its zone, or in the declared one. Canonical value is YYYY-MM-DD HH:MM:SS[.ffffff]+00.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeInt64 } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import { clockOfText, dateText, daysOf, daysOfText, isDay, secondsPerDay, timeText } from './calendar.ts'
import { type DateParts, isoTimestamp, patternReader } from './date-patterns.ts'
import { type Encoder, type FieldType, never, type Parse } from './field-type.ts'
import { wordOf } from './number-text.ts'
import { text, textEncoder } from './text.ts'
import { secondsOf, tooFine } from './time.ts'
import { timestampCell } from './timestamp-cell.ts'
import { type ToUtc, zoneReader } from './zones.ts'

const firstDay = daysOf(1, 1, 1)
const lastDay = daysOf(9999, 12, 31)

export const timestamp: FieldType = {
  parser: timestampParser,
  encoder: timestampEncoder,
  compare: (one, other) => text.compare?.(one, other) ?? 0,
  cell: timestampCell,
}

function timestampParser(field: Field): Parse {
  const read = field.patterns === undefined ? isoTimestamp : patternReader(field.patterns)
  const toUtc = field.zone === undefined || field.zone === 'reject' ? undefined : zoneReader(field.zone)
  return (input) => {
    const value = input instanceof Date && !Number.isNaN(input.getTime()) ? input.toISOString() : input
    const word = wordOf(value)
    const parts = word === undefined ? undefined : read(word)
    if (parts === undefined) return new Problem('type.timestamp', `is not written as a timestamp (${(field.patterns ?? ['ISO 8601']).join(' or ')})`)
    return instant(parts, toUtc)
  }
}

function instant(parts: DateParts, toUtc: ToUtc | undefined): string | Problem {
  const clock = secondsOf(parts)
  if (!isDay(parts.year, parts.month, parts.day) || clock === undefined) return new Problem('type.timestamp', 'is not a day and time of the calendar')
  const wall = daysOf(parts.year, parts.month, parts.day) * secondsPerDay + clock
  if (parts.offset === undefined && toUtc === undefined) return new Problem('type.timestamp.zone', 'has no zone, and the field declares none')
  const seconds = parts.offset === undefined ? toUtc?.(wall) : wall - parts.offset
  if (seconds === undefined) return new Problem('type.timestamp.zone', 'does not exist in the declared zone: clocks were put forward over it')
  const days = Math.floor(seconds / secondsPerDay)
  if (days < firstDay || days > lastDay) return new Problem('type.timestamp', 'is outside of the years 1 to 9999 in UTC')
  return `${dateText(days)} ${timeText(seconds - days * secondsPerDay, parts.micros)}+00`
}

function timestampEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.type === 'timestamp' || column.type === 'timestamptz') {
    return {
      fit: column.modifier < 0 ? never : (value) => tooFine(clockOfText(value as string, 11).micros, column),
      write: (rows, value) => writeInt64(rows, microsOf(value as string)),
    }
  }
  return textEncoder(column)
}

/** Microseconds since 2000-01-01 of a canonical timestamp. */
export function microsOf(value: string): bigint {
  const { seconds, micros } = clockOfText(value, 11)
  return BigInt(daysOfText(value) * secondsPerDay + seconds) * 1_000_000n + BigInt(micros)
}
