import { expect, it } from 'vitest'
import { RejectBrake } from './reject-brake.ts'

type Quality = { maxRejected?: number; maxRejectedRatio?: string }
/** Numbers of records and of rejected records in a batch; `room` is the maximum number of records that its bytes could hold. */
type Batch = { read: number; rejected: number; room: number }

/** Simulates workers that commit batches in turns, each with its own brake. Returns the run's counts at the failure, and the number of ledger reads. */
async function run(quality: Quality, workers: number, batches: Iterable<Batch>, start: { rejected?: number; maxRemaining?: number } = {}) {
  const brakes = Array.from({ length: workers }, () => new RejectBrake(quality, workers))
  const committed = { read: start.rejected ?? 0, rejected: start.rejected ?? 0, maxRemaining: start.maxRemaining, batches: 0, reads: 0 }
  const ledger = async () => {
    committed.reads++
    return { ...committed }
  }
  for (const { read, rejected, room } of batches) {
    committed.read += read
    committed.rejected += rejected
    if (committed.maxRemaining !== undefined) committed.maxRemaining -= room
    const brake = brakes[committed.batches++ % workers]
    const failure = await brake?.record({ rejected, ruledOut: room - read }, ledger).catch((error: unknown) => error)
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
])(
  'fails a run of $workers workers with $perBatch rejected records per batch at most one batch per worker after $maxRejected',
  async ({ workers, perBatch, maxRejected }) => {
    const { rejected, failure } = await run({ maxRejected }, workers, same({ rejected: perBatch }))
    expect(failure).toMatchObject({ code: 'QualityGate' })
    expect(rejected).toBeGreaterThan(maxRejected)
    expect(rejected).toBeLessThanOrEqual(maxRejected + workers * perBatch)
  },
)

it('rarely reads the ledger', async () => {
  const { reads } = await run({ maxRejected: 10_000 }, 1, same({ rejected: 1 }))
  expect(reads).toBeLessThan(40)
})

it('counts records that earlier workers of the run rejected', async () => {
  const { rejected } = await run({ maxRejected: 1000 }, 1, same({ rejected: 10 }), { rejected: 995 })
  expect(rejected).toBe(1005)
})

it('fails the run at the first rejected record if none is allowed', async () => {
  const { rejected, failure } = await run({ maxRejectedRatio: '0' }, 2, same({ rejected: 1 }))
  expect(rejected).toBe(1)
  expect(failure).toMatchObject({ message: expect.stringContaining('allows 0 %') })
})

it.each([1, 4, 16])('fails a run of %i workers at most one batch per worker after the record that makes the ratio too large', async (workers) => {
  // 1,000 batches of 100 records each, whose bytes could hold 250: 5 % may be rejected, 20 % are.
  const { batches, failure } = await run({ maxRejectedRatio: '0.05' }, workers, same({ rejected: 20, room: 250 }, 1000), { maxRemaining: 250_000 })
  expect(failure).toMatchObject({ code: 'QualityGate', message: expect.stringContaining('more can be accepted') })
  // 20 b > 0.05 (100 b + 250 (1000 - b)) from b = 455 on.
  expect(batches).toBeGreaterThanOrEqual(455)
  expect(batches).toBeLessThanOrEqual(455 + workers)
})

it('fails the run at a batch without rejected records, once too few records remain to lower the ratio', async () => {
  const batches = [...same({ rejected: 10, room: 1000 }, 100), ...same({ room: 1000 }, 900)]
  const { batches: done, failure } = await run({ maxRejectedRatio: '0.009' }, 1, batches, { maxRemaining: 1_000_000 })
  expect(failure).toMatchObject({ code: 'QualityGate' })
  // 1000 > 0.009 (100 b + 1000 (1000 - b)) from b = 988 on.
  expect(done).toBe(988)
})

it('rarely reads the ledger for a ratio too, and never without a rejected record', async () => {
  const passing = await run({ maxRejectedRatio: '0.05' }, 1, same({ rejected: 4, room: 250 }, 10_000), { maxRemaining: 2_500_000 })
  expect(passing.failure).toBeUndefined()
  expect(passing.reads).toBeLessThan(40)
  const clean = await run({ maxRejectedRatio: '0.05' }, 1, same({ room: 250 }, 10_000), { maxRemaining: 2_500_000 })
  expect(clean).toMatchObject({ failure: undefined, reads: 0 })
})

it('does not check the ratio before the end of the run if the number of further records has no bound', async () => {
  expect(await run({ maxRejectedRatio: '0.05' }, 1, same({ rejected: 50 }, 1000))).toMatchObject({ failure: undefined, reads: 1 })
})
