// Sends rows to PostgreSQL by COPY, in chunks large enough to be cheap and with back-pressure.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { CopyStreamQuery } from 'pg-copy-streams'
import type { LoadBatch, Transaction } from '../../../../sdk/index.ts'
import type { DestinationColumn, EncodedRows } from '../../../records/encoded-rows.ts'
import { list } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { keyOrder } from './key-order.ts'
import { textChunks } from './text-rows.ts'

export const chunkBytes = 256 * 1024

const header = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')
const trailer = Buffer.from('ffff', 'hex')

/** A batch that can be sent, more than once if need be. */
export type Rows = {
  readonly size: number
  /** Whether two rows may have the same key. False only if all keys certainly differ. */
  readonly mayRepeatKeys: boolean
  /** Copies all rows into the relation (quoted). Returns how many PostgreSQL took: a trigger may drop some. */
  copyTo(tx: Transaction, relation: string): Promise<number>
}

/** `sorted` asks for the order of the key, which makes index inserts cheap. */
export function encodedRows(rows: EncodedRows, { columns, key }: Pick<LoadPlan, 'columns' | 'key'>, sorted: boolean): Rows {
  const { order, mayRepeat } = sorted ? keyOrder(rows) : { order: undefined, mayRepeat: true }
  // Different sort keys imply different keys only if the database compares bytes.
  const byBytes = columns.every(({ name, equalsByBytes }) => equalsByBytes || !key.includes(name))
  return { size: rows.size, mayRepeatKeys: mayRepeat || !byBytes, copyTo: (tx, relation) => copyBinary(tx, relation, columns, binaryChunks(rows, order)) }
}

/** Some of the rows, by index. */
export function someEncodedRows(rows: EncodedRows, { columns }: Pick<LoadPlan, 'columns'>, indexes: Uint32Array): Rows {
  return { size: indexes.length, mayRepeatKeys: indexes.length > 1, copyTo: (tx, relation) => copyBinary(tx, relation, columns, binaryChunks(rows, indexes)) }
}

function copyBinary(tx: Transaction, relation: string, columns: readonly DestinationColumn[], chunks: Iterable<Buffer>): Promise<number> {
  return send(tx.copyFrom(`COPY ${relation} (${list(columns.map((column) => column.name))}) FROM STDIN (FORMAT binary)`), chunks)
}

export function recordRows(batch: LoadBatch, columns: readonly DestinationColumn[], run: number): Rows {
  return {
    size: batch.size,
    mayRepeatKeys: true,
    copyTo: (tx, relation) => send(tx.copyFrom(`COPY ${relation} (${list(columns.map((column) => column.name))}) FROM STDIN`), textChunks(batch, columns, run)),
  }
}

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

/** Writes the chunks one at a time, and returns the number of rows that the server reports. Stops writing at a failure. */
async function send(stream: Writable, chunks: Iterable<Buffer>): Promise<number> {
  const failed = new Promise<never>((_resolve, reject) => stream.on('error', reject))
  failed.catch(() => {})
  for (const chunk of chunks) {
    if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), failed])
  }
  const finished = once(stream, 'finish')
  stream.end()
  await Promise.race([finished, failed])
  return (stream as CopyStreamQuery).rowCount
}
