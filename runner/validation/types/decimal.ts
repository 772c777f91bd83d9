// decimal: exact numbers; canonical value is a string of digits with at most one point, no exponent, no needless zeros in front.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeInt16, writeInt32, writeInt64 } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import { decimalCell } from './decimal-cell.ts'
import { canonical, compareDecimals, cutZeros, mostBefore } from './decimal-text.ts'
import type { Encoder, FieldType, Parse } from './field-type.ts'
import { floatColumn } from './float.ts'
import { plainNumber } from './number-text.ts'
import { digitsBefore, endsInZeros, numericEncoder } from './numeric.ts'
import { textEncoder } from './text.ts'

export const decimal: FieldType = {
  parser: decimalParser,
  encoder: decimalEncoder,
  compare: (one, other) => compareDecimals(one as string, other as string),
  cell: decimalCell,
}

function decimalParser(field: Field): Parse {
  const scale = field.scale ?? (field.precision === undefined ? undefined : 0)
  const before = field.precision === undefined ? mostBefore : field.precision - (scale ?? 0)
  return (input) => {
    const number = typeof input === 'string' ? plainNumber(input, field.decimalComma === true) : numberText(input)
    const value = number === undefined ? undefined : canonical(number)
    if (value === undefined) return new Problem('type.decimal', 'is not a decimal number')
    if (digitsBefore(value) > before) {
      return new Problem('type.decimal.precision', `has more than ${before} digits before the point`)
    }
    return scale === undefined ? value : cutZeros(value, scale)
  }
}

function numberText(input: unknown): string | undefined {
  return typeof input === 'number' || typeof input === 'bigint' ? String(input) : undefined
}

export function decimalEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.type === 'numeric') return numericEncoder(column)
  if (column.type === 'float4' || column.type === 'float8') {
    const encoder = floatColumn(column)
    return { fit: (value) => encoder.fit(value), write: encoder.write }
  }
  return textEncoder(column) ?? wholeEncoder(column)
}

/** Decimals without a fraction may go into whole-number columns. */
function wholeEncoder(column: DestinationColumn): Encoder | undefined {
  const bits = { int2: 16, int4: 32, int8: 64 }[column.type]
  if (bits === undefined) return undefined
  return {
    fit: (value) => {
      const number = value as string
      if (!endsInZeros(number, 0)) return new Problem('type.decimal.precision', `has digits after the point, column ${column.name} is ${column.formatted}`)
      const whole = toWhole(number)
      if (BigInt.asIntN(bits, whole) === whole) return undefined
      return new Problem('range.column', `is outside of what column ${column.name} ${column.formatted} can hold`)
    },
    write: (rows, value) => {
      const whole = toWhole(value as string)
      if (bits === 64) writeInt64(rows, whole)
      else if (bits === 32) writeInt32(rows, Number(whole))
      else writeInt16(rows, Number(whole))
    },
  }
}

function toWhole(number: string): bigint {
  const point = number.indexOf('.')
  return BigInt(point < 0 ? number : number.slice(0, point))
}
