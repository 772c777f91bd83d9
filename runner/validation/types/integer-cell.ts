// Fast cell of integer: digits to int2, int4, int8 without a BigInt; to numeric like a decimal.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn, EncodedRows } from '../../records/encoded-rows.ts'
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

function writeInt16(rows: EncodedRows, value: number): void {
  const { bytes, length } = rows
  bytes[length] = 0
  bytes[length + 1] = 0
  bytes[length + 2] = 0
  bytes[length + 3] = 2
  bytes[length + 4] = value >> 8
  bytes[length + 5] = value
  rows.length = length + 6
}

export function writeInt32(rows: EncodedRows, value: number): void {
  const { bytes, length } = rows
  bytes[length] = 0
  bytes[length + 1] = 0
  bytes[length + 2] = 0
  bytes[length + 3] = 4
  bytes[length + 4] = value >> 24
  bytes[length + 5] = value >> 16
  bytes[length + 6] = value >> 8
  bytes[length + 7] = value
  rows.length = length + 8
}

/** For whole numbers that a double holds exactly. */
export function writeInt64(rows: EncodedRows, value: number): void {
  const high = Math.floor(value / 4294967296)
  writeHalves(rows, high, value - high * 4294967296)
}

/** An int8 as its upper and lower 32 bits. */
export function writeHalves(rows: EncodedRows, high: number, low: number): void {
  const { bytes, length } = rows
  bytes[length] = 0
  bytes[length + 1] = 0
  bytes[length + 2] = 0
  bytes[length + 3] = 8
  bytes[length + 4] = high >> 24
  bytes[length + 5] = high >> 16
  bytes[length + 6] = high >> 8
  bytes[length + 7] = high
  bytes[length + 8] = low >>> 24
  bytes[length + 9] = low >>> 16
  bytes[length + 10] = low >>> 8
  bytes[length + 11] = low
  rows.length = length + 12
}
