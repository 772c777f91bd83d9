// resolveObservations: finds, from the keys that batches observed, batches to apply again and corrections to the counts. Called by the finish
// step. See "Unchanged rows are recorded, too" in docs/architecture.md.
import type { BatchKeys, ObservedKind } from '../../../store/ledger.ts'
import { KeySieve } from './key-sieve.ts'
import { KeyTable } from './key-table.ts'

export type Observations = {
  /** Number of keys that batches found unchanged, and number of rows of earlier runs that they overwrote. */
  unchanged: number
  overwritten: number
  /** The batches that have keys of this kind, in any order. Called at least once per pass. */
  batches(kind: ObservedKind): AsyncIterable<Pick<BatchKeys, 'slice' | 'ordinal' | 'keys'>>
}

export type Resolution = {
  /** Batches that found a key unchanged that a batch earlier in the source overwrote. Their rows must be applied again. */
  reapply: { slice: number; ordinal: number }[]
  /** Number of records counted as unchanged that a later record with the same key supersedes. */
  supersededUnchanged: number
}

/** Number of keys per pass. More keys take several passes, so that memory is bounded. */
const keysPerPass = 2_000_000

/** Finds keys that more than one batch observed. Compares 64-bit hashes; a collision only causes a batch to be applied again needlessly. */
export async function resolveObservations(all: Observations): Promise<Resolution> {
  const observations = all.unchanged === 0 || largest(all) <= keysPerPass ? all : await withoutSingles(all)
  const { unchanged } = observations
  const reapply = new Map<string, { slice: number; ordinal: number }>()
  let supersededUnchanged = 0
  const passes = unchanged === 0 ? 0 : Math.ceil(largest(observations) / keysPerPass)
  for (let pass = 0; pass < passes; pass++) {
    const overwrites = await firstOverwrites(observations, pass, passes)
    const seen = new KeyTable(unchanged / passes, Uint8Array)
    for await (const batch of observations.batches('unchanged')) {
      eachKey(batch.keys, pass, passes, (high, low) => {
        const overwrittenAt = overwrites.get(high, low)
        if (overwrittenAt !== 0 || seen.get(high, low) !== 0) supersededUnchanged++
        if (overwrittenAt === 0) seen.set(high, low, 1)
        else if (overwrittenAt < place(batch)) reapply.set(`${batch.slice}/${batch.ordinal}`, { slice: batch.slice, ordinal: batch.ordinal })
      })
    }
  }
  return { reapply: [...reapply.values()], supersededUnchanged }
}

function largest({ unchanged, overwritten }: Observations): number {
  return Math.max(unchanged, overwritten)
}

/** Drops keys that were observed only once. They are the majority and irrelevant; dropping them costs one pass and shortens all others. */
async function withoutSingles(observations: Observations): Promise<Observations> {
  const sieve = new KeySieve()
  for (const kind of ['unchanged', 'overwritten'] as const) {
    for await (const { keys } of observations.batches(kind)) sieve.add(keys)
  }
  return {
    unchanged: Math.min(observations.unchanged, sieve.repeated),
    overwritten: Math.min(observations.overwritten, sieve.repeated),
    async *batches(kind) {
      for await (const batch of observations.batches(kind)) yield { ...batch, keys: sieve.kept(batch.keys) }
    },
  }
}

/** The place in the source where each key was overwritten first. */
async function firstOverwrites({ overwritten, batches }: Observations, pass: number, passes: number): Promise<KeyTable> {
  const overwrites = new KeyTable(overwritten / passes, Float64Array)
  if (overwritten === 0) return overwrites
  for await (const batch of batches('overwritten')) {
    eachKey(batch.keys, pass, passes, (high, low) => {
      const present = overwrites.get(high, low)
      if (present === 0 || place(batch) < present) overwrites.set(high, low, place(batch))
    })
  }
  return overwrites
}

/** Place of the batch in the source, never 0. Comparable, because slices are planned in source order. */
function place(batch: { slice: number; ordinal: number }): number {
  return batch.slice * 2 ** 32 + batch.ordinal + 1
}

function eachKey(keys: Buffer, pass: number, passes: number, visit: (high: number, low: number) => void): void {
  for (let at = 0; at < keys.length; at += 8) {
    const high = keys.readUInt32BE(at)
    if (passes === 1 || high % passes === pass) visit(high, keys.readUInt32BE(at + 4))
  }
}
