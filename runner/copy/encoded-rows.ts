// EncodedRows: accepted records as rows of COPY … (FORMAT binary). Filled by the column program, sent by the PostgreSQL loader.
import { recordOrder } from '../../sdk/record-order.ts'

/** A column of the destination that is written, in the order of the COPY column list. */
export type DestinationColumn = {
  name: string
  /** `pg_type.typname`: int4, int8, numeric, text, varchar, timestamptz … */
  type: string
  /** As of `format_type`, but qualified unless it is a type of PostgreSQL's own: numeric(12,2), character varying(20), public.mood. */
  formatted: string
  /** `pg_attribute.atttypmod`, -1 for none. */
  modifier: number
  notNull: boolean
  /** Whether the database takes two values for equal only if their bytes are the same. Not so for char(n), citext and some collations. */
  equalsByBytes: boolean
  /** The words of an enum type, null for any other. */
  labels: string[] | null
}

const initialBytes = 1 << 20

/**
 * Rows without the COPY header and trailer, in the order they were added. The hot path writes into `bytes` at `length`
 * after asking for room, then calls `endRow`; an unfinished row is dropped by `dropRow`.
 */
export class EncodedRows {
  bytes: Buffer = Buffer.allocUnsafeSlow(initialBytes)
  /** Bytes written so far, the unfinished row included. */
  length = 0
  /** Number of finished rows. */
  size = 0
  /** End of each finished row within `bytes`. */
  ends = new Int32Array(1024)
  /** `order` of each row's record within its input. */
  orders = new Float64Array(1024)
  /** Ordinal of each row's input. */
  inputs = new Int32Array(1024)
  /** Ordinal of the input that rows are added of. */
  input = 0
  /** Rough order of the rows by primary key, for sorted index inserts: compared as numbers, ties in any order. */
  sortKeys = new Float64Array(1024)
  /** Whether `sortKeys` means anything. */
  sortable = false

  /** Makes room for `needed` more bytes; `bytes` may be another buffer afterwards. */
  reserve(needed: number): void {
    if (this.length + needed <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + needed))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** `_pos` of a row's record. */
  recordOrder(index: number): bigint {
    return recordOrder(this.inputs[index] as number, this.orders[index] as number)
  }

  endRow(order: number, sortKey: number): void {
    if (this.size === this.ends.length) this.#growRows()
    this.ends[this.size] = this.length
    this.orders[this.size] = order
    this.inputs[this.size] = this.input
    this.sortKeys[this.size] = sortKey
    this.size++
  }

  dropRow(): void {
    this.length = this.size === 0 ? 0 : (this.ends[this.size - 1] as number)
  }

  /** Empties it for the next batch; the buffers stay. */
  clear(): void {
    this.length = 0
    this.size = 0
  }

  #growRows(): void {
    const rows = this.ends.length * 2
    this.ends = grown(this.ends, new Int32Array(rows))
    this.orders = grown(this.orders, new Float64Array(rows))
    this.inputs = grown(this.inputs, new Int32Array(rows))
    this.sortKeys = grown(this.sortKeys, new Float64Array(rows))
  }
}

function grown<Numbers extends Int32Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}
