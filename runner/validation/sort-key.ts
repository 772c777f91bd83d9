// Approximate order of rows by their first key column. Read from the encoded cell, so that fast and slow path agree.
import type { DestinationColumn } from '../copy/encoded-rows.ts'

/** Reads the cell that begins at `start` (its length first). */
export type SortKey = (bytes: Buffer, start: number) => number

const keys: Record<string, SortKey> = {
  int2: (bytes, start) => bytes.readInt16BE(start + 4),
  int4: (bytes, start) => int32(bytes, start + 4),
  int8: int64,
  date: (bytes, start) => int32(bytes, start + 4),
  time: int64,
  timestamp: int64,
  timestamptz: int64,
  float4: (bytes, start) => bytes.readFloatBE(start + 4),
  float8: (bytes, start) => bytes.readDoubleBE(start + 4),
  uuid: (bytes, start) => bytes.readUIntBE(start + 4, 6),
  text: firstBytes,
  varchar: firstBytes,
  bpchar: firstBytes,
  numeric,
}

/** Undefined for columns without a useful order. */
export function sortKeyOf(column: DestinationColumn): SortKey | undefined {
  return keys[column.type]
}

function int64(bytes: Buffer, start: number): number {
  return int32(bytes, start + 4) * 2 ** 32 + (int32(bytes, start + 8) >>> 0)
}

function int32(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
}

function firstBytes(bytes: Buffer, start: number): number {
  const size = bytes.readInt32BE(start)
  let key = 0
  for (let at = 0; at < 6; at++) key = key * 256 + (at < size ? (bytes[start + 4 + at] as number) : 0)
  return key
}

function numeric(bytes: Buffer, start: number): number {
  const count = bytes.readInt16BE(start + 4)
  const weight = bytes.readInt16BE(start + 6)
  let key = 0
  for (let at = 0; at < Math.min(count, 4); at++) key += bytes.readInt16BE(start + 12 + 2 * at) * 10000 ** (weight - at)
  return bytes.readUInt16BE(start + 8) === 0 ? key : -key
}
