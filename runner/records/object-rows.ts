// ObjectRows: accepted records as objects, for loaders that have no encoding of their own.
import type { LoadBatch, TypedRecord } from '../../sdk/index.ts'

export class ObjectRows implements LoadBatch {
  readonly #records: readonly { order: number; record: TypedRecord }[]
  readonly #input: bigint

  constructor(records: readonly { order: number; record: TypedRecord }[], input: number) {
    this.#records = records
    this.#input = BigInt(input) << 44n
  }

  get size(): number {
    return this.#records.length
  }

  record(index: number): TypedRecord {
    return this.#at(index).record
  }

  position(index: number): bigint {
    return this.#input + BigInt(this.#at(index).order)
  }

  #at(index: number): { order: number; record: TypedRecord } {
    const entry = this.#records[index]
    if (entry === undefined) throw new RangeError(`record ${index} of a batch of ${this.size}`)
    return entry
  }
}
