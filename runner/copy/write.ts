// Writes values in COPY's binary format into EncodedRows, and reserves their room. Called by the encoders.
import type { EncodedRows } from './encoded-rows.ts'

export function writeNull(rows: EncodedRows): void {
  rows.reserve(4)
  rows.length = rows.bytes.writeInt32BE(-1, rows.length)
}

/** Longest text in characters that is written faster here than by the runtime. */
const shortText = 48

export function writeText(rows: EncodedRows, text: string): void {
  rows.reserve(4 + text.length * 3)
  const start = rows.length + 4
  const size = text.length <= shortText && writeAscii(rows.bytes, text, start) ? text.length : rows.bytes.write(text, start)
  rows.bytes.writeInt32BE(size, rows.length)
  rows.length = start + size
}

/** Returns false if the text has other characters; the caller overwrites what was written. */
function writeAscii(bytes: Uint8Array, text: string, start: number): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return false
    bytes[start + at] = code
  }
  return true
}

export function writeInt16(rows: EncodedRows, value: number): void {
  rows.reserve(6)
  rows.bytes.writeInt32BE(2, rows.length)
  rows.length = rows.bytes.writeInt16BE(value, rows.length + 4)
}

export function writeInt32(rows: EncodedRows, value: number): void {
  rows.reserve(8)
  rows.bytes.writeInt32BE(4, rows.length)
  rows.length = rows.bytes.writeInt32BE(value, rows.length + 4)
}

export function writeInt64(rows: EncodedRows, value: bigint): void {
  rows.reserve(12)
  rows.bytes.writeInt32BE(8, rows.length)
  rows.length = rows.bytes.writeBigInt64BE(value, rows.length + 4)
}

export function writeFloat32(rows: EncodedRows, value: number): void {
  rows.reserve(8)
  rows.bytes.writeInt32BE(4, rows.length)
  rows.length = rows.bytes.writeFloatBE(value, rows.length + 4)
}

export function writeFloat64(rows: EncodedRows, value: number): void {
  rows.reserve(12)
  rows.bytes.writeInt32BE(8, rows.length)
  rows.length = rows.bytes.writeDoubleBE(value, rows.length + 4)
}

export function writeBoolean(rows: EncodedRows, value: boolean): void {
  rows.reserve(5)
  rows.bytes.writeInt32BE(1, rows.length)
  rows.length = rows.bytes.writeUInt8(value ? 1 : 0, rows.length + 4)
}
