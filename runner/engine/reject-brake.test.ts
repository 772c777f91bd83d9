import { expect, it } from 'vitest'
import { RejectBrake } from './reject-brake.ts'

type Quality = { maxRejected?: number; maxRejectedRatio?: string }
/** Records of a batch, how many of them are rejected, and how many smaller ones its bytes might have held. */
type Batch = { read: number; rejected: number; room: number }

/** Workers that commit batches in turns, each with a brake of its own. Returns where the run stood when one braked, and all reads of the ledger. */
async function run(quality: Quality, workers: number, batches: Iterable<Batch>, start: { rejected?: number; mostFurther?: number } = {}) {
  const brakes = Array.from({ length: workers }, () => new RejectBrake(quality, workers))
  const committed = { read: start.rejected ?? 0, rejected: start.rejected ?? 0, mostFurther: start.mostFurther, batches: 0, reads: 0 }
  const ledger = async () => {
    committed.reads++
    return { ...committed }
  }
  for (const { read, rejected, room } of batches) {
    committed.read += read
    committed.rejected += rejected
    if (committed.mostFurther !== undefined) committed.mostFurther -= room
    const brake = brakes[committed.batches++ % workers]
    const failure = await brake?.note({ rejected, ruledOut: room - read }, ledger).catch((error: unknown) => error)
    if (failure !== undefined) return { ...committed, failure }
  }
  return { ...committed, failure: undefined }
}

function same(batch: Partial<Batch>, times = 100_000): Batch[] {
  return Array.from({ length: times }, () => ({ read: 100, rejected: 0, room: 100, ...batch }))
}

it.each([
  { workers: 1, perBatch: 1, maxRejected: 1000 },
  { workers: 1, perBatch: 300, maxRejected: 1000 },
  { workers: 4, perBatch: 1, maxRejected: 1000 },
  { workers: 4, perBatch: 70, maxRejected: 1000 },
  { workers: 16, perBatch: 5, maxRejected: 0 },
])('brakes $workers workers with $perBatch rejected records a batch at most a batch each behind $maxRejected', async ({ workers, perBatch, maxRejected }) => {
  const { rejected, failure } = await run({ maxRejected }, workers, same({ rejected: perBatch }))
  expect(failure).toMatchObject({ code: 'QualityGate' })
  expect(rejected).toBeGreaterThan(maxRejected)
  expect(rejected).toBeLessThanOrEqual(maxRejected + workers * perBatch)
})

it('reads the ledger seldom', async () => {
  const { reads } = await run({ maxRejected: 10_000 }, 1, same({ rejected: 1 }))
  expect(reads).toBeLessThan(40)
})

it('counts what earlier workers of the run have rejected', async () => {
  const { rejected } = await run({ maxRejected: 1000 }, 1, same({ rejected: 10 }), { rejected: 995 })
  expect(rejected).toBe(1005)
})

it('brakes at the first rejected record where none may be', async () => {
  const { rejected, failure } = await run({ maxRejectedRatio: '0' }, 2, same({ rejected: 1 }))
  expect(rejected).toBe(1)
  expect(failure).toMatchObject({ message: expect.stringContaining('allows 0 %') })
})

it.each([1, 4, 16])('brakes %i workers at most a batch each behind the record that makes the share too large', async (workers) => {
  // 1,000 batches of 100 records, for which the file would have room for 250: 5 % are allowed, 20 % are bad.
  const { batches, failure } = await run({ maxRejectedRatio: '0.05' }, workers, same({ rejected: 20, room: 250 }, 1000), { mostFurther: 250_000 })
  expect(failure).toMatchObject({ code: 'QualityGate', message: expect.stringContaining('more can be accepted') })
  // 20 b > 0.05 (100 b + 250 (1000 - b)) from b = 455 on.
  expect(batches).toBeGreaterThanOrEqual(455)
  expect(batches).toBeLessThanOrEqual(455 + workers)
})

it('brakes at a good batch too, once the rest is too short to make up for what was rejected', async () => {
  const batches = [...same({ rejected: 10, room: 1000 }, 100), ...same({ room: 1000 }, 900)]
  const { batches: done, failure } = await run({ maxRejectedRatio: '0.009' }, 1, batches, { mostFurther: 1_000_000 })
  expect(failure).toMatchObject({ code: 'QualityGate' })
  // 1000 > 0.009 (100 b + 1000 (1000 - b)) from b = 988 on.
  expect(done).toBe(988)
})

it('reads the ledger seldom for a share as well, and not at all without a rejected record', async () => {
  const passing = await run({ maxRejectedRatio: '0.05' }, 1, same({ rejected: 4, room: 250 }, 10_000), { mostFurther: 2_500_000 })
  expect(passing.failure).toBeUndefined()
  expect(passing.reads).toBeLessThan(40)
  const clean = await run({ maxRejectedRatio: '0.05' }, 1, same({ room: 250 }, 10_000), { mostFurther: 2_500_000 })
  expect(clean).toMatchObject({ failure: undefined, reads: 0 })
})

it('leaves the share to the end of the run if there is no telling how many records follow', async () => {
  expect(await run({ maxRejectedRatio: '0.05' }, 1, same({ rejected: 50 }, 1000))).toMatchObject({ failure: undefined, reads: 1 })
})
