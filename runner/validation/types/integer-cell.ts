// Fast cell of integer: digits to int2, int4, int8 without a BigInt; to numeric like a decimal.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeInt16, writeInt32, writeInt64 } from '../../copy/fast-write.ts'
import { numberBounds } from './bounds.ts'
import { numericCell } from './decimal-cell.ts'
import type { Cell } from './field-type.ts'
import { mantissa, negative, scale, scanNumber } from './number-scan.ts'

export function integerCell(field: Field, column: DestinationColumn): Cell | undefined {
  const bounds = numberBounds(field)
  if (bounds === undefined) return undefined
  if (column.type === 'numeric') return numericCell({ ...field, scale: 0, precision: 1000 }, column)
  const write = { int2: writeInt16, int4: writeInt32, int8: writeInt64 }[column.type]
  if (write === undefined) return undefined
  const limit = { int2: 2 ** 15, int4: 2 ** 31, int8: 2 ** 63 }[column.type] as number
  const least = Math.max(bounds.min, -limit)
  const most = Math.min(bounds.max, limit - 1)
  return (bytes, start, end, rows) => {
    if (!scanNumber(bytes, start, end) || scale !== 0) return false
    const value = negative ? -mantissa : mantissa
    if (value < least || value > most) return false
    write(rows, value)
    return true
  }
}
