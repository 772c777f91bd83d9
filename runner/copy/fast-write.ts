// Writes values byte by byte, for the fast path. The caller reserves room.
import { lowerOfOrder, upperOfOrder } from '../../sdk/record-order.ts'
import type { EncodedRows } from './encoded-rows.ts'

export function writeCount(rows: EncodedRows, count: number): void {
  const { bytes, length } = rows
  bytes[length] = count >>> 8
  bytes[length + 1] = count
  rows.length = length + 2
}

export function writeNull(rows: EncodedRows): void {
  const { bytes, length } = rows
  bytes[length] = 255
  bytes[length + 1] = 255
  bytes[length + 2] = 255
  bytes[length + 3] = 255
  rows.length = length + 4
}

export function writeFixed(kind: 'null' | 'run' | 'order', rows: EncodedRows, run: number, input: number, order: number): void {
  if (kind === 'null') writeNull(rows)
  else if (kind === 'run') writeInt64(rows, run)
  else writeHalves(rows, upperOfOrder(input, order), lowerOfOrder(order))
}

export function writeInt16(rows: EncodedRows, value: number): void {
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
function writeHalves(rows: EncodedRows, high: number, low: number): void {
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
