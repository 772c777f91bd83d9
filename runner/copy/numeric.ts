// writeNumeric: PostgreSQL's numeric in binary: int16 count, weight, sign, display scale, then base-10000 digits.
import type { EncodedRows } from './encoded-rows.ts'

/** Appends a canonical decimal, shown with `scale` digits after the point. */
export function writeNumeric(rows: EncodedRows, number: string, scale: number): void {
  const negative = number.startsWith('-')
  const point = number.indexOf('.')
  const whole = number.slice(negative ? 1 : 0, point < 0 ? undefined : point)
  const fraction = point < 0 ? '' : number.slice(point + 1)
  const padded = whole.padStart(Math.ceil(whole.length / 4) * 4, '0') + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')
  let weight = Math.ceil(whole.length / 4) - 1
  let first = 0
  let last = padded.length / 4
  const group = (at: number) => Number(padded.slice(at * 4, at * 4 + 4))
  while (first < last && group(first) === 0) {
    first++
    weight--
  }
  while (last > first && group(last - 1) === 0) last--
  const count = last - first
  rows.reserve(12 + 2 * count)
  const { bytes } = rows
  let at = bytes.writeInt32BE(8 + 2 * count, rows.length)
  at = bytes.writeInt16BE(count, at)
  at = bytes.writeInt16BE(count === 0 ? 0 : weight, at)
  at = bytes.writeUInt16BE(negative && count > 0 ? 0x4000 : 0, at)
  at = bytes.writeUInt16BE(scale, at)
  for (let index = first; index < last; index++) at = bytes.writeInt16BE(group(index), at)
  rows.length = at
}
