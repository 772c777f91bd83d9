// Fast cell of decimal: digits to numeric's base-10000 digits, or to a floating-point number.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import { numberBounds } from './bounds.ts'
import type { Cell } from './field-type.ts'
import { floatWriter } from './float-cell.ts'
import { mantissa, negative, powersOfTen, scale, scanNumber } from './number-scan.ts'
import { numericLimits } from './numeric.ts'

/** Digits after the point that three base-10000 digits hold. */
const mostScale = 12

export function decimalCell(field: Field, column: DestinationColumn): Cell | undefined {
  if (field.decimalComma === true) return undefined
  if (column.type === 'numeric') return numericCell(field, column)
  if (column.type === 'float4' || column.type === 'float8') return decimalToFloat(field, column)
  return undefined
}

/** Limits that both field and column set. */
function limitsOf(field: Field, column: DestinationColumn) {
  const declaredScale = field.scale ?? (field.precision === undefined ? Infinity : 0)
  const declaredBefore = field.precision === undefined ? Infinity : field.precision - declaredScale
  const limits = column.type === 'numeric' ? numericLimits(column) : undefined
  const before = Math.min(declaredBefore, limits?.before ?? Infinity)
  return {
    columnScale: limits?.scale,
    scale: Math.min(declaredScale, limits?.scale ?? Infinity, mostScale),
    below: before > 15 ? Infinity : 10 ** before,
    before,
  }
}

export function numericCell(field: Field, column: DestinationColumn): Cell | undefined {
  const bounds = numberBounds(field)
  const { columnScale, scale: mostAfter, below, before } = limitsOf(field, column)
  if (bounds === undefined || before < 1 || mostAfter < 0) return undefined
  const { min, max } = bounds
  return (bytes, start, end, rows) => {
    if (!scanNumber(bytes, start, end) || scale > mostAfter) return false
    const number = mantissa / (powersOfTen[scale] as number)
    const value = negative ? -number : number
    if (value < min || value > max || number >= below) return false
    writeDigits(rows, number, columnScale ?? scale)
    return true
  }
}

const groups = new Int32Array(7)

/** Writes the number last scanned: four base-10000 digits before the point, three after, without zeros at either end. */
function writeDigits(rows: EncodedRows, number: number, displayScale: number): void {
  const power = powersOfTen[scale] as number
  const whole = Math.floor(number)
  const fraction = (mantissa - whole * power) * (powersOfTen[mostScale - scale] as number)
  splitWhole(whole)
  splitFraction(fraction)
  let first = 0
  let last = 7
  while (first < last && groups[first] === 0) first++
  while (last > first && groups[last - 1] === 0) last--
  const count = last - first
  const { bytes, length } = rows
  bytes[length] = 0
  bytes[length + 1] = 0
  bytes[length + 2] = 0
  bytes[length + 3] = 8 + 2 * count
  bytes[length + 4] = 0
  bytes[length + 5] = count
  const weight = count === 0 ? 0 : 3 - first
  bytes[length + 6] = weight >> 8
  bytes[length + 7] = weight
  bytes[length + 8] = negative && count > 0 ? 0x40 : 0
  bytes[length + 9] = 0
  bytes[length + 10] = displayScale >> 8
  bytes[length + 11] = displayScale
  let to = length + 12
  for (let index = first; index < last; index++) {
    const group = groups[index] as number
    bytes[to] = group >> 8
    bytes[to + 1] = group
    to += 2
  }
  rows.length = to
}

function splitWhole(whole: number): void {
  const high = Math.floor(whole / 1e8)
  const low = whole - high * 1e8
  groups[0] = Math.floor(high / 1e4)
  groups[1] = high - (groups[0] as number) * 1e4
  groups[2] = Math.floor(low / 1e4)
  groups[3] = low - (groups[2] as number) * 1e4
}

function splitFraction(fraction: number): void {
  const high = Math.floor(fraction / 1e8)
  const low = fraction - high * 1e8
  groups[4] = high
  groups[5] = Math.floor(low / 1e4)
  groups[6] = low - (groups[5] as number) * 1e4
}

function decimalToFloat(field: Field, column: DestinationColumn): Cell | undefined {
  const bounds = numberBounds(field)
  const { scale: mostAfter, below } = limitsOf(field, column)
  if (bounds === undefined) return undefined
  const { min, max } = bounds
  const write = floatWriter(column)
  return (bytes, start, end, rows) => {
    if (!scanNumber(bytes, start, end) || scale > mostAfter) return false
    const number = mantissa / (powersOfTen[scale] as number)
    const value = negative && number !== 0 ? -number : number
    if (value < min || value > max || number >= below) return false
    write(rows, value)
    return true
  }
}
