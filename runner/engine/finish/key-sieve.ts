// KeySieve: drops keys that were certainly seen only once, of however many, with 32 MB. Used for judging observations.
import { mixed } from './key-table.ts'

/** Ten million keys fill 7 % of them. */
const slots = 2 ** 27

/** Bits by 64-bit hash: whether any key with a slot was added, and whether a second one was. */
export class KeySieve {
  /** How many of the added keys it keeps. */
  repeated = 0
  readonly #seen = new Uint32Array(slots / 32)
  readonly #again = new Uint32Array(slots / 32)

  /** `keys`: 8-byte hashes, one after another. */
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

  /** Those of the keys that were added more than once, and a few others. */
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
