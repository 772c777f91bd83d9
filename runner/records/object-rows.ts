// ObjectRows: accepted records as objects, for loaders that have no encoding of their own.
import type { LoadBatch, TypedRecord } from '../../sdk/index.ts'
import { recordOrder } from '../../sdk/record-order.ts'

/** An accepted record, with the ordinal of its input and its order within that. */
export type PlacedRecord = { input: number; order: number; record: TypedRecord }

export class ObjectRows implements LoadBatch {
  readonly #records: readonly PlacedRecord[]

  constructor(records: readonly PlacedRecord[]) {
    this.#records = records
  }

  get size(): number {
    return this.#records.length
  }

  record(index: number): TypedRecord {
    return this.#at(index).record
  }

  recordOrder(index: number): bigint {
    const { input, order } = this.#at(index)
    return recordOrder(input, order)
  }

  #at(index: number): PlacedRecord {
    const entry = this.#records[index]
    if (entry === undefined) throw new RangeError(`record ${index} of a batch of ${this.size}`)
    return entry
  }
}
