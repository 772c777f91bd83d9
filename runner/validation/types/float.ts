// float: approximate numbers; canonical value is a finite number. NaN and Infinity are rejected.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeFloat32, writeFloat64 } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import { canonical } from './decimal-text.ts'
import type { Encoder, FieldType, Parse } from './field-type.ts'
import { floatCell } from './float-cell.ts'
import { plainNumber } from './number-text.ts'
import { numericEncoder } from './numeric.ts'
import { textEncoder } from './text.ts'

const form = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/

export const float: FieldType = {
  parser: floatParser,
  encoder: floatEncoder,
  compare: (one, other) => (one as number) - (other as number),
  cell: floatCell,
}

function floatParser(field: Field): Parse {
  return (input) => {
    if (typeof input === 'number' && Number.isFinite(input)) return input
    const text = typeof input === 'bigint' ? String(input) : input
    const number = typeof text === 'string' ? plainNumber(text, field.decimalComma === true) : undefined
    if (number === undefined || !form.test(number)) return new Problem('type.float', 'is not a number')
    const value = Number(number)
    if (!Number.isFinite(value) || vanished(number, value)) return new Problem('type.float', 'is too large or too small for a floating-point number')
    return value
  }
}

/** Whether a non-zero number underflowed to 0. */
function vanished(text: string, value: number): boolean {
  return value === 0 && /^[^eE]*[1-9]/.test(text)
}

function floatEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.type === 'float4' || column.type === 'float8') return floatColumn(column)
  const other = column.type === 'numeric' ? numericEncoder(column) : textEncoder(column)
  if (other === undefined) return undefined
  const form = column.type === 'numeric' ? (value: unknown) => canonical(String(value)) as string : String
  return { fit: (value) => other.fit(form(value)), write: (rows, value) => other.write(rows, form(value)) }
}

/** Writes numbers, and decimals in their canonical form, into float4 and float8. */
export function floatColumn(column: DestinationColumn): Encoder {
  const single = column.type === 'float4'
  return {
    fit: (value) => {
      const number = single ? Math.fround(Number(value)) : Number(value)
      if (Number.isFinite(number) && !vanished(String(value), number)) return undefined
      return new Problem('range.column', `is too large or too small for column ${column.name} ${column.formatted}`)
    },
    write: single ? (rows, value) => writeFloat32(rows, Number(value)) : (rows, value) => writeFloat64(rows, Number(value)),
  }
}
