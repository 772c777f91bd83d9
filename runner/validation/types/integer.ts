// integer: whole numbers of any size the column can hold; canonical value is a bigint.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import { writeFloat32, writeFloat64, writeInt16, writeInt32, writeInt64 } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import type { Encoder, FieldType, Parse } from './field-type.ts'
import { integerCell } from './integer-cell.ts'
import { plainNumber } from './number-text.ts'
import { numericEncoder } from './numeric.ts'
import { textEncoder } from './text.ts'

const digits = /^[+-]?[0-9]{1,1000}$/

export const integer: FieldType = {
  parser: integerParser,
  encoder: integerEncoder,
  compare: (one, other) => ((one as bigint) < (other as bigint) ? -1 : one === other ? 0 : 1),
  cell: integerCell,
}

function integerParser(field: Field): Parse {
  return (input) => {
    if (typeof input === 'bigint') return input
    if (typeof input === 'number' && Number.isSafeInteger(input)) return BigInt(input)
    if (typeof input !== 'string') return notWhole()
    const number = plainNumber(input, field.decimalComma === true)
    if (number === undefined || !digits.test(number)) return notWhole()
    return BigInt(number.startsWith('+') ? number.slice(1) : number)
  }
}

function notWhole(): Problem {
  return new Problem('type.integer', 'is not a whole number')
}

const ranges: Record<string, [bigint, bigint]> = {
  int2: [-(2n ** 15n), 2n ** 15n - 1n],
  int4: [-(2n ** 31n), 2n ** 31n - 1n],
  int8: [-(2n ** 63n), 2n ** 63n - 1n],
}

const writers: Record<string, (rows: EncodedRows, value: bigint) => void> = {
  int2: (rows, value) => writeInt16(rows, Number(value)),
  int4: (rows, value) => writeInt32(rows, Number(value)),
  int8: writeInt64,
}

function integerEncoder(column: DestinationColumn): Encoder | undefined {
  const range = ranges[column.type]
  const write = writers[column.type]
  if (range !== undefined && write !== undefined) {
    return { fit: (value) => outside(value as bigint, range, column), write: (rows, value) => write(rows, value as bigint) }
  }
  if (column.type === 'float4' || column.type === 'float8') return exactFloat(column)
  const other = column.type === 'numeric' ? numericEncoder(column) : textEncoder(column)
  if (other === undefined) return undefined
  return { fit: (value) => other.fit(String(value)), write: (rows, value) => other.write(rows, String(value)) }
}

function outside(value: bigint, [least, most]: [bigint, bigint], column: DestinationColumn): Problem | undefined {
  if (value >= least && value <= most) return undefined
  return new Problem('range.column', `is outside of what column ${column.name} ${column.formatted} can hold`)
}

/** A whole number goes into a floating-point column only if the column holds it exactly. */
function exactFloat(column: DestinationColumn): Encoder {
  const round = column.type === 'float4' ? Math.fround : Number
  const write = column.type === 'float4' ? writeFloat32 : writeFloat64
  return {
    fit: (value) => {
      const near = round(Number(value))
      if (Number.isFinite(near) && BigInt(near) === value) return undefined
      return new Problem('range.column', `is a whole number that column ${column.name} ${column.formatted} cannot hold exactly`)
    },
    write: (rows, value) => write(rows, Number(value)),
  }
}
