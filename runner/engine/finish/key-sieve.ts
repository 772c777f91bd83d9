// KeySieve: a probabilistic filter that drops most keys that were added only once, in 32 MB for any number of keys. Used by
// resolveObservations.
import { mixed } from './key-table.ts'

/** Ten million keys fill 7 % of the slots. */
const slots = 2 ** 27

/** For each slot, two bits: whether a key with that slot was added, and whether a second one was. A key's 64-bit hash determines its slot. */
export class KeySieve {
  /** Number of added keys that `kept` keeps. */
  repeated = 0
  readonly #seen = new Uint32Array(slots / 32)
  readonly #again = new Uint32Array(slots / 32)

  /** `keys`: concatenated 8-byte hashes. */
  add(keys: Buffer): void {
    const seen = this.#seen
    const again = this.#again
    for (let at = 0; at < keys.length; at += 8) {
      const slot = slotAt(keys, at)
      const word = slot >>> 5
      const bit = 1 << (slot & 31)
      if (((seen[word] as number) & bit) === 0) seen[word] = (seen[word] as number) | bit
      else if (((again[word] as number) & bit) === 0) {
        again[word] = (again[word] as number) | bit
        this.repeated += 2
      } else this.repeated++
    }
  }

  /** The keys that were added more than once, and a few others. */
  kept(keys: Buffer): Buffer {
    const kept = Buffer.allocUnsafe(keys.length)
    let size = 0
    for (let at = 0; at < keys.length; at += 8) {
      const slot = slotAt(keys, at)
      if (((this.#again[slot >>> 5] as number) & (1 << (slot & 31))) !== 0) size += keys.copy(kept, size, at, at + 8)
    }
    return kept.subarray(0, size)
  }
}

function slotAt(keys: Buffer, at: number): number {
  return mixed(keys.readUInt32BE(at), keys.readUInt32BE(at + 4)) & (slots - 1)
}
