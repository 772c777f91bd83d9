import { expect, it } from 'vitest'
import { recordOrder } from '../sdk/record-order.ts'
import { claimed, freshStore, loadedBatch, plannedRun } from '../test/support/store.ts'
import { noCounts } from './counts.ts'
import { batchesWithKeys, countKeys, deleteKeyHashes, findBatch, type KeyKind, recordBatch, runSoFar, runTotals } from './ledger.ts'
import { completeSlice } from './slices.ts'

const { client } = await freshStore()

it('sums the counts, timings and warnings of the run’s batches', async () => {
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id)
  const timings = { extract: 1, validate: 2, transform: 0, load: 4.5 }
  await recordBatch(client, { ...loadedBatch(slice, 3), timings, warnings: { 'range.min': 2 } })
  const mixed = { read: 6, derived: 0, loaded: 0, unchanged: 1, superseded: 1, filtered: 1, quarantined: 2, parked: 1, removed: 0 }
  await recordBatch(client, { ...loadedBatch(slice, 6), ordinal: 1, counts: mixed, timings, warnings: { 'range.min': 1, pattern: 5 }, overwrote: 2 })
  expect(await runTotals(client, run.id)).toEqual({
    counts: { ...mixed, read: 9, loaded: 3 },
    timings: { extract: 2, validate: 4, transform: 0, load: 9 },
    warnings: { pattern: 5, 'range.min': 3 },
    batches: 2,
    overwrote: 2,
    bytes: 0,
  })
})

it('bounds the number of records that a run can still accept by the unread bytes of each slice', async () => {
  const run = await plannedRun(client, { slices: 3, slice: { leastRecordBytes: 4 } })
  const none = { read: 0, rejected: 0 }
  // 100 bytes hold 25 records of 4 bytes, and possibly a shorter last one.
  expect(await runSoFar(client, run.id)).toEqual({ ...none, maxRemaining: 3 * 26 })
  const [first, second] = [await claimed(client, run.id), await claimed(client, run.id)]
  const rejecting = { ...noCounts, read: 5, loaded: 2, quarantined: 2, parked: 1 }
  await recordBatch(client, { ...loadedBatch(first, 5), counts: rejecting, firstOrder: 20, lastOrder: 50 })
  expect(await runSoFar(client, run.id)).toEqual({ read: 5, rejected: 3, maxRemaining: 18 + 2 * 26 })
  await recordBatch(client, { ...loadedBatch(first, 1), ordinal: 1, firstOrder: 60, lastOrder: 60 })
  expect(await runSoFar(client, run.id)).toEqual({ read: 6, rejected: 3, maxRemaining: 16 + 2 * 26 })
  await completeSlice(client, first)
  await completeSlice(client, second)
  expect(await runSoFar(client, run.id)).toEqual({ read: 6, rejected: 3, maxRemaining: 26 })
  await completeSlice(client, await claimed(client, run.id))
  expect(await runSoFar(client, run.id)).toEqual({ read: 6, rejected: 3, maxRemaining: 0 })
})

it.each([{ leastRecordBytes: 4, bytes: undefined }, {}])('returns no bound if an unfinished slice has only %j', async (slice) => {
  const run = await plannedRun(client, { slice: slice as object })
  expect(await runSoFar(client, run.id)).toEqual({ read: 0, rejected: 0, maxRemaining: undefined })
  await completeSlice(client, await claimed(client, run.id))
  expect(await runSoFar(client, run.id)).toEqual({ read: 0, rejected: 0, maxRemaining: 0 })
})

it('returns zero totals for a run without batches', async () => {
  const run = await plannedRun(client)
  expect(await runTotals(client, run.id)).toMatchObject({ counts: noCounts, warnings: {}, batches: 0 })
})

it.each([
  { what: 'a record that vanished', counts: { ...noCounts, read: 2, loaded: 1 } },
  { what: 'a record counted twice', counts: { ...noCounts, read: 1, loaded: 1, parked: 1 } },
  { what: 'a correction that does not add up', counts: { ...noCounts, loaded: -1 } },
])('refuses a batch with $what', async ({ counts }) => {
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id)
  await expect(recordBatch(client, { ...loadedBatch(slice, 1), counts })).rejects.toMatchObject({ constraint: 'batch_balanced' })
})

it('accepts the corrections of the finish slice, which read nothing and add up to 0', async () => {
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id)
  await recordBatch(client, loadedBatch(slice, 5))
  await recordBatch(client, { ...loadedBatch(slice, 0), slice: 1, counts: { ...noCounts, loaded: -2, superseded: 2 } })
  expect((await runTotals(client, run.id)).counts).toEqual({ ...noCounts, read: 5, loaded: 3, superseded: 2 })
})

it('refuses to record the same batch twice', async () => {
  const run = await plannedRun(client)
  const batch = loadedBatch(await claimed(client, run.id), 1)
  await recordBatch(client, batch)
  await expect(recordBatch(client, batch)).rejects.toMatchObject({ code: '23505' })
})

it('returns key hashes in source order until they are deleted', async () => {
  const run = await plannedRun(client, { slices: 2 })
  const [first, second] = [await claimed(client, run.id), await claimed(client, run.id)]
  const keys = Buffer.from([0, 1, 2, 3, 4, 5, 6, 255])
  await recordBatch(client, { ...loadedBatch(second, 1), from: { at: 5 }, to: null, firstOrder: 5, lastOrder: 9, unchangedKeys: keys })
  await recordBatch(client, { ...loadedBatch(first, 1), to: 9, firstOrder: 0, lastOrder: 2 ** 43, overwrittenKeys: keys })
  await recordBatch(client, { ...loadedBatch(first, 1), ordinal: 1, firstOrder: 7, lastOrder: 8 })
  await recordBatch(client, { ...loadedBatch(first, 1), ordinal: 2, firstOrder: 3, lastOrder: 4, unchangedKeys: keys })
  const kept = async (kind: KeyKind) => Array.fromAsync(batchesWithKeys(client, run.id, kind))
  expect(await countKeys(client, run.id)).toEqual({ unchanged: 2, overwritten: 1 })
  expect(await kept('overwritten')).toEqual([{ slice: 0, ordinal: 0, input: 0, firstOrder: 0, keys }])
  expect(await kept('unchanged')).toEqual([
    { slice: 0, ordinal: 2, input: 0, firstOrder: 3, keys },
    { slice: 1, ordinal: 0, input: 1, firstOrder: 5, keys },
  ])
  expect(await findBatch(client, run.id, 1, 0)).toEqual({ from: { at: 5 }, last: recordOrder(1, 9) })
  expect(await findBatch(client, run.id, 0, 0)).toEqual({ from: undefined, last: recordOrder(0, 2 ** 43) })
  await deleteKeyHashes(client, run.id)
  expect(await kept('unchanged')).toEqual([])
  expect(await countKeys(client, run.id)).toEqual({ unchanged: 0, overwritten: 0 })
})
