// What the finish step makes of the keys that batches observed: batches to apply again, and corrections to the counts.
// See "An unchanged row is an observation too" in docs/architecture.md.

import { KeyTable } from './key-table.ts'

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

/** Keys of one pass; more than that are looked at in several passes, so that memory stays bounded. */
const passKeys = 1_000_000

/**
 * Finds keys that more than one batch observed. `observations` is called several times and yields every batch of the run
 * that has keys, in any order; hashes are taken for keys (64 bits: a collision only costs a needless look).
 */
export async function judgeObservations(observations: () => AsyncIterable<Observations>): Promise<Verdict> {
  let unchanged = 0
  let overwritten = 0
  for await (const batch of observations()) {
    unchanged += (batch.unchangedKeys?.length ?? 0) / 8
    overwritten += (batch.overwrittenKeys?.length ?? 0) / 8
  }
  const verdict: OpenVerdict = { reapply: new Map(), supersededUnchanged: 0 }
  const passes = Math.ceil(Math.max(unchanged, overwritten) / passKeys)
  if (unchanged === 0) return { reapply: [], supersededUnchanged: 0 }
  for (let pass = 0; pass < passes; pass++) {
    const overwrites = new KeyTable(overwritten / passes)
    const seen = new KeyTable(unchanged / passes)
    await judgePass(observations, { pass, passes }, { overwrites, seen }, verdict)
  }
  return { reapply: [...verdict.reapply.values()], supersededUnchanged: verdict.supersededUnchanged }
}

type Pass = { pass: number; passes: number }
type Tables = { overwrites: KeyTable; seen: KeyTable }
type OpenVerdict = { reapply: Map<string, { slice: number; ordinal: number }>; supersededUnchanged: number }

/** Place of the batch in the source, comparable and never 0: slices are planned in source order. */
function place(batch: Observations): number {
  return batch.slice * 2 ** 32 + batch.ordinal + 1
}

async function judgePass(observations: () => AsyncIterable<Observations>, pass: Pass, { overwrites, seen }: Tables, verdict: OpenVerdict): Promise<void> {
  for await (const batch of observations()) {
    eachKey(batch.overwrittenKeys, pass, (high, low) => {
      const present = overwrites.get(high, low)
      if (present === 0 || place(batch) < present) overwrites.set(high, low, place(batch))
    })
  }
  for await (const batch of observations()) {
    eachKey(batch.unchangedKeys, pass, (high, low) => {
      const overwrittenAt = overwrites.get(high, low)
      if (overwrittenAt !== 0 || seen.get(high, low) !== 0) verdict.supersededUnchanged++
      if (overwrittenAt === 0) seen.set(high, low, 1)
      else if (overwrittenAt < place(batch)) verdict.reapply.set(`${batch.slice}/${batch.ordinal}`, { slice: batch.slice, ordinal: batch.ordinal })
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
