import { describe, expect, it } from 'vitest'
import type { ObservedKind } from '../../../store/ledger.ts'
import { resolveObservations } from './observations.ts'

type Batch = { slice: number; ordinal: number; unchanged: number[]; overwritten: number[] }

function hashes(numbers: number[]): Buffer {
  const buffer = Buffer.alloc(numbers.length * 8)
  for (const [index, number] of numbers.entries()) buffer.writeBigUInt64BE(BigInt(number), index * 8)
  return buffer
}

function batch(slice: number, ordinal: number, unchanged: number[], overwritten: number[] = []): Batch {
  return { slice, ordinal, unchanged, overwritten }
}

async function resolve(...batches: Batch[]) {
  const count = (kind: ObservedKind) => batches.reduce((sum, batch) => sum + batch[kind].length, 0)
  return resolveObservations({
    unchanged: count('unchanged'),
    overwritten: count('overwritten'),
    async *batches(kind) {
      for (const { slice, ordinal, [kind]: numbers } of batches) if (numbers.length > 0) yield { slice, ordinal, keys: hashes(numbers) }
    },
  })
}

describe('resolveObservations', () => {
  it('returns nothing if no key was observed twice', async () => {
    expect(await resolve(batch(0, 0, [1, 2]), batch(1, 0, [3], [4]))).toEqual({ reapply: [], supersededUnchanged: 0 })
  })

  it('counts all but the last of several unchanged records with one key as superseded', async () => {
    expect(await resolve(batch(0, 0, [7]), batch(0, 1, [7]), batch(2, 0, [7]))).toEqual({ reapply: [], supersededUnchanged: 2 })
  })

  it('applies a batch again whose unchanged key an earlier slice overwrote', async () => {
    expect(await resolve(batch(3, 1, [7]), batch(1, 0, [], [7]))).toEqual({ reapply: [{ slice: 3, ordinal: 1 }], supersededUnchanged: 1 })
  })

  it('does not apply a batch again whose unchanged key a later slice overwrote', async () => {
    expect(await resolve(batch(0, 0, [7]), batch(1, 0, [], [7]))).toEqual({ reapply: [], supersededUnchanged: 1 })
  })

  it('finds repeated keys among more keys than one pass covers', async () => {
    const many = Array.from({ length: 1_500_000 }, (_, index) => index * 2 ** 20 + 1)
    expect(await resolve(batch(0, 0, many), batch(1, 0, many.slice(0, 600_000)), batch(2, 0, [], many.slice(599_999, 600_001)))).toEqual({
      reapply: [],
      supersededUnchanged: 600_002,
    })
  })

  it('compares batches of one slice by their ordinals', async () => {
    expect(await resolve(batch(0, 1, [7]), batch(0, 0, [], [7]))).toEqual({ reapply: [{ slice: 0, ordinal: 1 }], supersededUnchanged: 1 })
  })
})
