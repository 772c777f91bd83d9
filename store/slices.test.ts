import { expect, it } from 'vitest'
import { claimed, freshStore, loadedBatch, plannedRun } from '../test/support/store.ts'
import { recordBatch } from './ledger.ts'
import { cancelRun } from './runs.ts'
import { advanceSlice, claimSlice, completeSlice, isPlanned, leases, lockSlice, plannedSlices, releaseSlice, sliceCounts } from './slices.ts'

const { client, connect } = await freshStore()

it('plans slices in order, followed by the finish slice', async () => {
  const run = await plannedRun(client, { slices: 3 })
  expect(await isPlanned(client, run.id)).toBe(true)
  expect(await isPlanned(client, run.id + 1000)).toBe(false)
  expect((await plannedSlices(client, run.id)).map((slice) => slice.name)).toEqual(['file-0.csv', 'file-1.csv', 'file-2.csv'])
  expect(await sliceCounts(client, run.id)).toEqual({ total: 4, pending: 4, leased: 0, done: 0, bytes: 300, doneBytes: 0 })
})

it('stores the properties of a slice', async () => {
  const run = await plannedRun(client, { slice: { bytes: 7, leastRecordBytes: 3 } })
  const slice = { input: 0, name: 'file-0.csv', spec: { input: 0 }, bytes: 7, leastRecordBytes: 3 }
  expect(await plannedSlices(client, run.id)).toEqual([slice])
  expect((await claimed(client, run.id)).slice).toEqual(slice)
})

it('gives each slice to exactly one of many workers that claim at the same time', async () => {
  const run = await plannedRun(client, { slices: 6 })
  const workers = await Promise.all(Array.from({ length: 8 }, () => connect()))
  const rounds = await Promise.all(
    workers.map(async (db, index) => [
      await claimSlice(db, { run: run.id, worker: `w${index}`, lapsed: [] }),
      await claimSlice(db, { run: run.id, worker: `w${index}`, lapsed: [] }),
    ]),
  )
  const ordinals = rounds.flat().flatMap((slice) => (slice === undefined ? [] : [slice.ordinal]))
  expect(new Set(ordinals).size).toBe(ordinals.length)
  while (ordinals.length < 6) ordinals.push((await claimed(client, run.id)).ordinal)
  expect(ordinals.sort()).toEqual([0, 1, 2, 3, 4, 5])
  expect(await leases(client, run.id)).toHaveLength(6)
})

it('gives out the finish slice only when all other slices are done', async () => {
  const run = await plannedRun(client, { slices: 2 })
  const [one, other] = [await claimed(client, run.id), await claimed(client, run.id)]
  await completeSlice(client, one)
  expect(await claimSlice(client, { run: run.id, worker: 'w', lapsed: [] })).toBeUndefined()
  await completeSlice(client, other)
  expect(await claimed(client, run.id)).toMatchObject({ kind: 'finish', ordinal: 2, epoch: 1 })
})

it('gives out no slice once the run is cancelled', async () => {
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id)
  await cancelRun(client, run.id)
  expect(await lockSlice(client, slice)).toEqual({ batches: 0, runState: 'Cancelled' })
  await releaseSlice(client, slice)
  expect(await claimSlice(client, { run: run.id, worker: 'w', lapsed: [] })).toBeUndefined()
})

it('resumes a dead worker’s slice after its last committed batch and fences that worker', async () => {
  const run = await plannedRun(client)
  const zombie = await claimed(client, run.id, 'zombie')
  await commitBatch(zombie, { offset: 42 }, 10)
  expect(await claimSlice(client, { run: run.id, worker: 'heir', lapsed: ['another'] })).toBeUndefined()
  const heir = await claimed(client, run.id, 'heir', ['zombie'])
  expect(heir).toMatchObject({ position: { offset: 42 }, records: 10, batches: 1, epoch: 2 })
  await expect(lockSlice(client, zombie)).rejects.toMatchObject({ code: 'StaleEpoch', retryable: false })
  await expect(advanceSlice(client, zombie, { position: 1, records: 1, done: false })).rejects.toMatchObject({ code: 'StaleEpoch' })
  await expect(completeSlice(client, zombie)).rejects.toMatchObject({ code: 'StaleEpoch' })
  await releaseSlice(client, zombie)
  expect(await leases(client, run.id)).toEqual([{ ordinal: 0, worker: 'heir', expired: false }])
})

it('lets no worker claim a slice during a commit, and fences a commit that begins after the claim', async () => {
  const run = await plannedRun(client)
  const [ghost, heir] = [await connect(), await connect()]
  const slice = await claimed(ghost, run.id, 'ghost')
  await ghost.query('BEGIN')
  await lockSlice(ghost, slice)
  expect(await claimSlice(heir, { run: run.id, worker: 'heir', lapsed: ['ghost'] })).toBeUndefined()
  await advanceSlice(ghost, slice, { position: 7, records: 5, done: false })
  await ghost.query('COMMIT')
  await heir.query('BEGIN')
  expect(await claimed(heir, run.id, 'heir', ['ghost'])).toMatchObject({ position: 7, records: 5, epoch: 2 })
  await ghost.query('BEGIN')
  const fenced = expect(lockSlice(ghost, slice)).rejects.toMatchObject({ code: 'StaleEpoch' })
  await heir.query('COMMIT')
  await fenced
  await ghost.query('ROLLBACK')
})

it('distinguishes a position of JSON null from no position', async () => {
  const run = await plannedRun(client)
  const slice = await claimed(client, run.id, 'w')
  expect(slice.position).toBeUndefined()
  await commitBatch(slice, null, 1)
  expect((await claimed(client, run.id, 'w', ['w'])).position).toBeNull()
})

it('gives a released slice to the next worker', async () => {
  const run = await plannedRun(client)
  await releaseSlice(client, await claimed(client, run.id, 'leaving'))
  expect(await claimed(client, run.id, 'next')).toMatchObject({ ordinal: 0, epoch: 2 })
})

async function commitBatch(slice: Awaited<ReturnType<typeof claimed>>, position: null | { offset: number }, records: number): Promise<void> {
  await client.query('BEGIN')
  await lockSlice(client, slice)
  await recordBatch(client, loadedBatch(slice, records))
  await advanceSlice(client, slice, { position, records, done: false })
  await client.query('COMMIT')
}
