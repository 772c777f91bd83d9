// text and enum: any characters PostgreSQL can hold, taken as they are (leading zeros and spaces too).
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeText } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import { type Encoder, type FieldType, never, type Parse } from './field-type.ts'
import { characterLimit, textCell } from './text-cell.ts'

export const text: FieldType = {
  parser: () => parseText,
  encoder: textEncoder,
  compare: (one, other) => ((one as string) < (other as string) ? -1 : one === other ? 0 : 1),
  cell: textCell,
}

export const enumeration: FieldType = {
  parser: enumParser,
  encoder: textEncoder,
  cell: textCell,
}

export function parseText(input: unknown): unknown {
  const value = typeof input === 'string' ? input : scalarText(input)
  if (value === undefined) return new Problem('type.text', 'is an object or a list, not a text')
  return badText(value) ?? value
}

function scalarText(input: unknown): string | undefined {
  if (typeof input === 'number' || typeof input === 'bigint' || typeof input === 'boolean') return String(input)
  return input instanceof Date && !Number.isNaN(input.getTime()) ? input.toISOString() : undefined
}

/** Characters that no text column can hold. */
export function badText(value: string): Problem | undefined {
  if (value.includes('\0')) return new Problem('encoding.nul', 'holds the character U+0000, which PostgreSQL cannot store')
  if (!value.isWellFormed()) return new Problem('encoding.surrogate', 'holds half of a surrogate pair, which is no character')
  return undefined
}

function enumParser(field: Field): Parse {
  const words = new Set(field.values)
  return (input) => {
    const value = parseText(input)
    if (value instanceof Problem || words.has(value as string)) return value
    return new Problem('enum', 'is none of the words allowed')
  }
}

/** Writes strings; other types use it for their text form. */
export function textEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.labels) return wordEncoder(column, new Set(column.labels))
  const limit = characterLimit(column)
  if (limit === undefined) return undefined
  return {
    fit: limit === Infinity ? never : (value) => tooLong(value as string, limit, column),
    write: (rows, value) => writeText(rows, value as string),
  }
}

function wordEncoder(column: DestinationColumn, words: ReadonlySet<string>): Encoder {
  return {
    fit: (value) => (words.has(value as string) ? undefined : new Problem('range.column', `is no value of column ${column.name} ${column.formatted}`)),
    write: (rows, value) => writeText(rows, value as string),
  }
}

function tooLong(value: string, limit: number, column: DestinationColumn): Problem | undefined {
  if (value.length <= limit || [...value].length <= limit) return undefined
  return new Problem('length.max', `has more than the ${limit} characters of column ${column.name} ${column.formatted}`)
}
