// binaryChunks: encoded rows as the byte stream of COPY … (FORMAT binary), in chunks large enough to be cheap.
import type { EncodedRows } from './encoded-rows.ts'

const chunkBytes = 256 * 1024

const header = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')
const trailer = Buffer.from('ffff', 'hex')

/** Header, rows in the given order, trailer. A chunk is never written to again once it was yielded. */
export function* binaryChunks(rows: EncodedRows, order: Uint32Array | undefined): Generator<Buffer> {
  yield header
  if (order === undefined) {
    const end = rows.size === 0 ? 0 : (rows.ends[rows.size - 1] as number)
    for (let at = 0; at < end; at += chunkBytes) yield rows.bytes.subarray(at, Math.min(end, at + chunkBytes))
  } else yield* gathered(rows, order)
  yield trailer
}

function* gathered({ bytes, ends }: EncodedRows, order: Uint32Array): Generator<Buffer> {
  let chunk = Buffer.allocUnsafeSlow(chunkBytes)
  let filled = 0
  for (const index of order) {
    const start = index === 0 ? 0 : (ends[index - 1] as number)
    const end = ends[index] as number
    if (filled + end - start > chunk.length) {
      if (filled > 0) yield chunk.subarray(0, filled)
      chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, end - start))
      filled = 0
    }
    if (end - start < 512) for (let at = start; at < end; at++) chunk[filled++] = bytes[at] as number
    else filled += bytes.copy(chunk, filled, start, end)
  }
  if (filled > 0) yield chunk.subarray(0, filled)
}
