// Sends rows to PostgreSQL by COPY, in chunks large enough to be cheap and with back-pressure.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { CopyStreamQuery } from 'pg-copy-streams'
import type { LoadBatch, Transaction } from '../../../../sdk/index.ts'
import type { DestinationColumn, EncodedRows } from '../../../copy/encoded-rows.ts'
import { binaryChunks } from '../../../copy/stream.ts'
import { list } from '../names.ts'
import type { LoadPlan } from '../plan.ts'
import { keyOrder } from './key-order.ts'
import { textChunks } from './text-rows.ts'

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
