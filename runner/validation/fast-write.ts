// Writes what the source does not have: the number of columns, null, _run and _pos. The caller reserves room. For the fast path.
import { lowerOfOrder, upperOfOrder } from '../../sdk/record-order.ts'
import type { EncodedRows } from '../records/encoded-rows.ts'
import { writeHalves, writeInt64 } from './types/integer-cell.ts'

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
