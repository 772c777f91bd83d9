// Fast cell of float: at most 15 digits and a point, where one division gives the same number as Number(text).
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import type { Cell } from './field-type.ts'
import { mantissa, negative, powersOfTen, scale, scanNumber } from './number-scan.ts'

export function floatCell(field: Field, column: DestinationColumn): Cell | undefined {
  if (field.decimalComma === true || (column.type !== 'float4' && column.type !== 'float8')) return undefined
  const min = field.min === undefined ? -Infinity : Number(field.min)
  const max = field.max === undefined ? Infinity : Number(field.max)
  const write = floatWriter(column)
  return (bytes, start, end, rows) => {
    if (!scanNumber(bytes, start, end)) return false
    const number = mantissa / (powersOfTen[scale] as number)
    const value = negative ? -number : number
    if (value < min || value > max) return false
    write(rows, value)
    return true
  }
}

export function floatWriter(column: DestinationColumn): (rows: EncodedRows, value: number) => void {
  return column.type === 'float4' ? writeSingle : writeDouble
}

function writeSingle(rows: EncodedRows, value: number): void {
  const { bytes, length } = rows
  bytes.writeInt32BE(4, length)
  rows.length = bytes.writeFloatBE(value, length + 4)
}

function writeDouble(rows: EncodedRows, value: number): void {
  const { bytes, length } = rows
  bytes.writeInt32BE(8, length)
  rows.length = bytes.writeDoubleBE(value, length + 4)
}
