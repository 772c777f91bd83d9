// time: a time of day without a zone, 00:00:00 to 23:59:59.999999; canonical value is HH:MM:SS[.ffffff].
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeInt64 } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import { clockOfText, timeText } from './calendar.ts'
import { type DateParts, isoTime, patternReader } from './date-patterns.ts'
import { type Encoder, type FieldType, never, type Parse } from './field-type.ts'
import { wordOf } from './number-text.ts'
import { text, textEncoder } from './text.ts'

export const time: FieldType = {
  parser: timeParser,
  encoder: timeEncoder,
  compare: (one, other) => text.compare?.(one, other) ?? 0,
  cell: never,
}

function timeParser(field: Field): Parse {
  const read = field.patterns === undefined ? isoTime : patternReader(field.patterns)
  return (input) => {
    const word = wordOf(input)
    const parts = word === undefined ? undefined : read(word)
    if (parts === undefined || parts.offset !== undefined) {
      return new Problem('type.time', `is not written as a time (${(field.patterns ?? ['HH:mm', 'HH:mm:ss', 'HH:mm:ss.fraction']).join(' or ')})`)
    }
    const seconds = secondsOf(parts)
    return seconds === undefined ? new Problem('type.time', 'is not a time of day') : timeText(seconds, parts.micros)
  }
}

/** Seconds of the day; undefined if the time does not exist. */
export function secondsOf({ hour, minute, second }: DateParts): number | undefined {
  return hour > 23 || minute > 59 || second > 59 ? undefined : hour * 3600 + minute * 60 + second
}

function timeEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.type !== 'time') return textEncoder(column)
  return {
    fit: (value) => tooFine(clockOfText(value as string, 0).micros, column),
    write: (rows, value) => {
      const { seconds, micros } = clockOfText(value as string, 0)
      writeInt64(rows, BigInt(seconds * 1_000_000 + micros))
    },
  }
}

/** A column may keep fewer than six digits of a second. A digit that it would round off is an error. */
export function tooFine(micros: number, column: DestinationColumn): Problem | undefined {
  if (column.modifier < 0 || column.modifier >= 6 || micros % 10 ** (6 - column.modifier) === 0) return undefined
  return new Problem('range.column', `has a finer fraction of a second than column ${column.name} ${column.formatted} can hold`)
}
