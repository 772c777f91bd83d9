// KeyTable: maps 64-bit hashes to numbers without an object per entry; two million one-byte numbers take 36 MB. Used by resolveObservations
// and closeEntries.

/** An open-addressing hash table from 64-bit hashes to numbers other than 0. */
export class KeyTable {
  readonly #mask: number
  readonly #high: Uint32Array
  readonly #low: Uint32Array
  readonly #values: Float64Array | Uint8Array

  /** `keys`: expected number of keys. The table does not grow; it tolerates about a quarter more. */
  constructor(keys: number, Values: typeof Float64Array | typeof Uint8Array) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(1024, keys * 1.5)))
    this.#mask = slots - 1
    this.#high = new Uint32Array(slots)
    this.#low = new Uint32Array(slots)
    this.#values = new Values(slots)
  }

  /** Returns 0 if the key is not in the table. */
  get(high: number, low: number): number {
    return this.#values[this.#slot(high, low)] as number
  }

  set(high: number, low: number, value: number): void {
    const slot = this.#slot(high, low)
    this.#high[slot] = high
    this.#low[slot] = low
    this.#values[slot] = value
  }

  #slot(high: number, low: number): number {
    let slot = mixed(high, low) & this.#mask
    while (this.#values[slot] !== 0 && (this.#high[slot] !== high || this.#low[slot] !== low)) slot = (slot + 1) & this.#mask
    return slot
  }
}

/** Mixes a hash into 32 bits, any subset of which is well distributed. */
export function mixed(high: number, low: number): number {
  const product = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b)
  return product ^ (product >>> 15)
}
