// date: a real day of the years 0001 to 9999; canonical value is YYYY-MM-DD.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeInt32, writeInt64 } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import { daysOfText, isDay } from './calendar.ts'
import { dateCell } from './date-cell.ts'
import { isoDate, patternReader } from './date-patterns.ts'
import { type Encoder, type FieldType, never, type Parse } from './field-type.ts'
import { wordOf } from './number-text.ts'
import { text, textEncoder } from './text.ts'

export const date: FieldType = {
  parser: dateParser,
  encoder: dateEncoder,
  compare: (one, other) => text.compare?.(one, other) ?? 0,
  cell: dateCell,
}

function dateParser(field: Field): Parse {
  const read = field.patterns === undefined ? isoDate : patternReader(field.patterns)
  return (input) => {
    const word = wordOf(input)
    const parts = word === undefined ? undefined : read(word)
    if (parts === undefined) return new Problem('type.date', `is not written as a date (${(field.patterns ?? ['yyyy-MM-dd']).join(' or ')})`)
    const { year, month, day } = parts
    if (!isDay(year, month, day)) return new Problem('type.date', 'is not a day of the calendar')
    return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
  }
}

const microsPerDay = 86_400_000_000n

function dateEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.type === 'date') return { fit: never, write: (rows, value) => writeInt32(rows, daysOfText(value as string)) }
  if (column.type === 'timestamp' || column.type === 'timestamptz') {
    return { fit: never, write: (rows, value) => writeInt64(rows, BigInt(daysOfText(value as string)) * microsPerDay) }
  }
  return textEncoder(column)
}
