// SourceRecords: groups the rows of a batch by source record. A transformer may make several rows of one record, which the search for
// refused rows loads or refuses together. Used by PostgresLoader.loadCarefully.
import type { EncodedRows } from '../../../copy/encoded-rows.ts'

export class SourceRecords {
  /** Numbers of the records, in source order. */
  readonly all: Uint32Array
  /** Indexes of the rows, in source order; rows of one record stay in their order. */
  readonly #rows: Uint32Array
  /** Where the rows of each record begin among `#rows`, and an end; undefined if each has one. */
  readonly #starts: Uint32Array | undefined
  readonly #encoded: EncodedRows

  constructor(rows: EncodedRows) {
    this.#encoded = rows
    this.#rows = Uint32Array.from({ length: rows.size }, (_, index) => index).sort((one, other) => this.#compare(one, other))
    const starts = [...this.#rows.keys()].filter((place) => place === 0 || this.#compare(this.#rowAt(place), this.#rowAt(place - 1)) !== 0)
    this.#starts = starts.length === rows.size ? undefined : Uint32Array.from([...starts, rows.size])
    this.all = Uint32Array.from(starts.keys())
  }

  /** `_pos` of a record. */
  order(record: number): bigint {
    return this.#encoded.recordOrder(this.firstRow(record))
  }

  firstRow(record: number): number {
    return this.#rowAt(this.#starts?.[record] ?? record)
  }

  /** Indexes of the rows of some records. */
  rowsOf(records: Uint32Array): Uint32Array {
    const starts = this.#starts
    if (starts === undefined) return records.map((record) => this.#rows[record] as number)
    return Uint32Array.from([...records].flatMap((record) => [...this.#rows.subarray(starts[record], starts[record + 1])]))
  }

  #rowAt(place: number): number {
    return this.#rows[place] as number
  }

  #compare(one: number, other: number): number {
    const { inputs, orders } = this.#encoded
    return (inputs[one] as number) - (inputs[other] as number) || (orders[one] as number) - (orders[other] as number)
  }
}
