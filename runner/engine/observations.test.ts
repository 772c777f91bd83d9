import { describe, expect, it } from 'vitest'
import { judgeObservations, type Observations } from './observations.ts'

function keys(numbers: number[]): Buffer | null {
  if (numbers.length === 0) return null
  const buffer = Buffer.alloc(numbers.length * 8)
  for (const [index, number] of numbers.entries()) buffer.writeBigUInt64BE(BigInt(number), index * 8)
  return buffer
}

function batch(slice: number, ordinal: number, unchanged: number[], overwritten: number[] = []): Observations {
  return { slice, ordinal, unchangedKeys: keys(unchanged), overwrittenKeys: keys(overwritten) }
}

async function judge(...batches: Observations[]) {
  return judgeObservations(async function* () {
    yield* batches
  })
}

describe('what the finish step makes of observed keys', () => {
  it('is nothing when no key was observed twice', async () => {
    expect(await judge(batch(0, 0, [1, 2]), batch(1, 0, [3], [4]))).toEqual({ reapply: [], supersededUnchanged: 0 })
  })

  it('counts all but the last of several unchanged records with one key as superseded', async () => {
    expect(await judge(batch(0, 0, [7]), batch(0, 1, [7]), batch(2, 0, [7]))).toEqual({ reapply: [], supersededUnchanged: 2 })
  })

  it('applies a batch again whose unchanged key an earlier slice overwrote', async () => {
    expect(await judge(batch(3, 1, [7]), batch(1, 0, [], [7]))).toEqual({ reapply: [{ slice: 3, ordinal: 1 }], supersededUnchanged: 1 })
  })

  it('leaves a batch alone whose unchanged key a later slice overwrote', async () => {
    expect(await judge(batch(0, 0, [7]), batch(1, 0, [], [7]))).toEqual({ reapply: [], supersededUnchanged: 1 })
  })

  it('finds repeats among more keys than one pass takes', async () => {
    const hashes = Array.from({ length: 700_000 }, (_, index) => index * 2 ** 20 + 1)
    expect(await judge(batch(0, 0, hashes), batch(1, 0, hashes.slice(0, 500_000)), batch(2, 0, [], hashes.slice(499_999, 500_001)))).toEqual({
      reapply: [],
      supersededUnchanged: 500_002,
    })
  })

  it('looks at batches of one slice in their order', async () => {
    expect(await judge(batch(0, 1, [7]), batch(0, 0, [], [7]))).toEqual({ reapply: [{ slice: 0, ordinal: 1 }], supersededUnchanged: 1 })
  })
})
