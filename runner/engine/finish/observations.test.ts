import { describe, expect, it } from 'vitest'
import type { ObservedKind } from '../../../store/ledger.ts'
import { judgeObservations } from './observations.ts'

type Batch = { slice: number; ordinal: number; unchanged: number[]; overwritten: number[] }

function hashes(numbers: number[]): Buffer {
  const buffer = Buffer.alloc(numbers.length * 8)
  for (const [index, number] of numbers.entries()) buffer.writeBigUInt64BE(BigInt(number), index * 8)
  return buffer
}

function batch(slice: number, ordinal: number, unchanged: number[], overwritten: number[] = []): Batch {
  return { slice, ordinal, unchanged, overwritten }
}

async function judge(...batches: Batch[]) {
  const count = (kind: ObservedKind) => batches.reduce((sum, batch) => sum + batch[kind].length, 0)
  return judgeObservations({
    unchanged: count('unchanged'),
    overwritten: count('overwritten'),
    async *batches(kind) {
      for (const { slice, ordinal, [kind]: numbers } of batches) if (numbers.length > 0) yield { slice, ordinal, keys: hashes(numbers) }
    },
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
    const many = Array.from({ length: 1_500_000 }, (_, index) => index * 2 ** 20 + 1)
    expect(await judge(batch(0, 0, many), batch(1, 0, many.slice(0, 600_000)), batch(2, 0, [], many.slice(599_999, 600_001)))).toEqual({
      reapply: [],
      supersededUnchanged: 600_002,
    })
  })

  it('looks at batches of one slice in their order', async () => {
    expect(await judge(batch(0, 1, [7]), batch(0, 0, [], [7]))).toEqual({ reapply: [{ slice: 0, ordinal: 1 }], supersededUnchanged: 1 })
  })
})
