// What the finish step makes of the keys that batches observed: batches to apply again, and corrections to the counts.
// See "An unchanged row is an observation too" in docs/architecture.md.

/** A batch's observations: 8-byte key hashes, one after another. */
export type Observations = {
  slice: number
  ordinal: number
  unchangedKeys: Buffer | null
  overwrittenKeys: Buffer | null
}

export type Verdict = {
  /** Batches that judged a key unchanged which a batch earlier in the source overwrote: their rows must be offered again. */
  reapply: { slice: number; ordinal: number }[]
  /** Records counted as unchanged that lost to a later record with the same key. */
  supersededUnchanged: number
}

/** Entries of one pass; more keys than that are looked at in several passes, so that memory stays bounded. */
const passKeys = 4_000_000

/**
 * Finds keys that more than one batch observed. `observations` is called once per pass and yields every batch of the run
 * that has keys, in any order; hashes are taken for keys (64 bits: a collision only costs a needless look).
 */
export async function judgeObservations(observations: () => AsyncIterable<Observations>): Promise<Verdict> {
  let unchanged = 0
  let overwritten = 0
  for await (const batch of observations()) {
    unchanged += (batch.unchangedKeys?.length ?? 0) / 8
    overwritten += (batch.overwrittenKeys?.length ?? 0) / 8
  }
  const verdict = { reapply: new Map<string, { slice: number; ordinal: number }>(), supersededUnchanged: 0 }
  if (unchanged === 0) return { reapply: [], supersededUnchanged: 0 }
  const passes = Math.ceil((unchanged + overwritten) / passKeys)
  for (let pass = 0; pass < passes; pass++) await judgePass(observations, { pass, passes, keys: Math.min(unchanged + overwritten, passKeys) }, verdict)
  return { reapply: [...verdict.reapply.values()], supersededUnchanged: verdict.supersededUnchanged }
}

type Pass = { pass: number; passes: number; keys: number }
type OpenVerdict = { reapply: Map<string, { slice: number; ordinal: number }>; supersededUnchanged: number }

/** Place of the batch in the source, comparable: slices are planned in source order. */
function place(batch: Observations): number {
  return batch.slice * 2 ** 32 + batch.ordinal
}

async function judgePass(observations: () => AsyncIterable<Observations>, pass: Pass, verdict: OpenVerdict): Promise<void> {
  const overwrites = new KeyTable(pass.keys)
  for await (const batch of observations()) {
    eachKey(batch.overwrittenKeys, pass, (high, low) => overwrites.lower(high, low, place(batch)))
  }
  const seen = new KeyTable(pass.keys)
  for await (const batch of observations()) {
    eachKey(batch.unchangedKeys, pass, (high, low) => {
      const overwrittenAt = overwrites.get(high, low)
      if (overwrittenAt === undefined) {
        if (!seen.add(high, low)) verdict.supersededUnchanged++
        return
      }
      verdict.supersededUnchanged++
      if (overwrittenAt < place(batch)) verdict.reapply.set(`${batch.slice}/${batch.ordinal}`, { slice: batch.slice, ordinal: batch.ordinal })
    })
  }
}

function eachKey(keys: Buffer | null, { pass, passes }: Pass, visit: (high: number, low: number) => void): void {
  if (keys === null) return
  for (let at = 0; at < keys.length; at += 8) {
    const high = keys.readUInt32BE(at)
    if (passes === 1 || high % passes === pass) visit(high, keys.readUInt32BE(at + 4))
  }
}

/** An open-addressing table from 64-bit hashes to a place; bounded by the keys it is made for. */
class KeyTable {
  readonly #mask: number
  readonly #high: Uint32Array
  readonly #low: Uint32Array
  readonly #places: Float64Array

  constructor(keys: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(16, keys * 2)))
    this.#mask = slots - 1
    this.#high = new Uint32Array(slots)
    this.#low = new Uint32Array(slots)
    this.#places = new Float64Array(slots).fill(-1)
  }

  get(high: number, low: number): number | undefined {
    const place = this.#places[this.#slot(high, low)] as number
    return place < 0 ? undefined : place
  }

  /** Keeps the lowest place given for the key. */
  lower(high: number, low: number, place: number): void {
    const slot = this.#slot(high, low)
    const present = this.#places[slot] as number
    if (present < 0) this.#take(slot, high, low, place)
    else if (place < present) this.#places[slot] = place
  }

  /** Whether the key was not there yet. */
  add(high: number, low: number): boolean {
    const slot = this.#slot(high, low)
    if ((this.#places[slot] as number) >= 0) return false
    this.#take(slot, high, low, 0)
    return true
  }

  #take(slot: number, high: number, low: number, place: number): void {
    this.#high[slot] = high
    this.#low[slot] = low
    this.#places[slot] = place
  }

  #slot(high: number, low: number): number {
    let slot = (low ^ Math.imul(high, 0x9e3779b1)) & this.#mask
    while ((this.#places[slot] as number) >= 0 && (this.#high[slot] !== high || this.#low[slot] !== low)) slot = (slot + 1) & this.#mask
    return slot
  }
}
