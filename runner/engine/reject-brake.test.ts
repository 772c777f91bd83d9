import { expect, it } from 'vitest'
import { RejectBrake } from './reject-brake.ts'

/** Workers that commit batches in turns, each with a brake of its own. Returns how many records were rejected when one braked, and all reads of the ledger. */
async function run(quality: { maxRejected?: number; maxRejectedRatio?: string }, workers: number, perBatch: number, already = 0) {
  const brakes = Array.from({ length: workers }, () => new RejectBrake(quality, workers))
  let committed = already
  let reads = 0
  const ledger = async () => {
    reads++
    return committed
  }
  for (let batch = 0; batch < 100_000; batch++) {
    committed += perBatch
    const failure = await brakes[batch % workers]?.note(perBatch, ledger).catch((error: unknown) => error)
    if (failure !== undefined) return { committed, reads, failure }
  }
  throw new Error('nobody braked')
}

it.each([
  { workers: 1, perBatch: 1, maxRejected: 1000 },
  { workers: 1, perBatch: 300, maxRejected: 1000 },
  { workers: 4, perBatch: 1, maxRejected: 1000 },
  { workers: 4, perBatch: 70, maxRejected: 1000 },
  { workers: 16, perBatch: 5, maxRejected: 0 },
])('brakes $workers workers with $perBatch rejected records a batch at most a batch each behind $maxRejected', async ({ workers, perBatch, maxRejected }) => {
  const { committed, failure } = await run({ maxRejected }, workers, perBatch)
  expect(failure).toMatchObject({ code: 'QualityGate' })
  expect(committed).toBeGreaterThan(maxRejected)
  expect(committed).toBeLessThanOrEqual(maxRejected + workers * perBatch)
})

it('reads the ledger seldom', async () => {
  const { reads } = await run({ maxRejected: 10_000 }, 1, 1)
  expect(reads).toBeLessThan(40)
})

it('counts what earlier workers of the run have rejected', async () => {
  const { committed } = await run({ maxRejected: 1000 }, 1, 10, 995)
  expect(committed).toBe(1005)
})

it('brakes at the first rejected record where none may be', async () => {
  const { committed, failure } = await run({ maxRejectedRatio: '0' }, 2, 1)
  expect(committed).toBe(1)
  expect(failure).toMatchObject({ message: expect.stringContaining('allows 0 %') })
})
