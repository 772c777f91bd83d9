// ObjectRows: accepted records as objects, for loaders that have no encoding of their own.
import type { LoadBatch, TypedRecord } from '../../sdk/index.ts'
import { recordOrder } from '../../sdk/record-order.ts'

export class ObjectRows implements LoadBatch {
  readonly #records: readonly { order: number; record: TypedRecord }[]
  readonly #input: number

  constructor(records: readonly { order: number; record: TypedRecord }[], input: number) {
    this.#records = records
    this.#input = input
  }

  get size(): number {
    return this.#records.length
  }

  record(index: number): TypedRecord {
    return this.#at(index).record
  }

  recordOrder(index: number): bigint {
    return recordOrder(this.#input, this.#at(index).order)
  }

  #at(index: number): { order: number; record: TypedRecord } {
    const entry = this.#records[index]
    if (entry === undefined) throw new RangeError(`record ${index} of a batch of ${this.size}`)
    return entry
  }
}
