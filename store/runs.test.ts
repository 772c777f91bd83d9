import { expect, it } from 'vitest'
import { claimed, freshStore, loadedBatch, plannedRun, rejectedRecord, specFor } from '../test/support/store.ts'
import { noCounts } from './counts.ts'
import { recordBatch } from './ledger.ts'
import { quarantineRecords } from './quarantine.ts'
import {
  cancelRun,
  createRun,
  failRun,
  findRun,
  isUnfinished,
  listEvents,
  listRuns,
  type Run,
  recordEvent,
  specHash,
  startRun,
  succeedRun,
  unfinishedRun,
} from './runs.ts'
import { advanceSlice } from './slices.ts'

const { client } = await freshStore()
const passing = { code: 'SourceUnreachable', message: 'no answer', retryable: true }
const lasting = { code: 'SourceNotFound', message: 'no such file', retryable: false, slice: 1, position: { at: 3 } }

it('stores the spec unchanged, with a hash that does not depend on the order of keys', async () => {
  const run = await createRun(client, { name: 'kept', pipeline: 'kept', spec: specFor('a.b'), workers: 2, batchSize: 50 })
  expect(run).toMatchObject({ state: 'Running', workers: 2, batchSize: 50, spec: specFor('a.b'), specHash: specHash(specFor('a.b')), counts: noCounts })
  expect(await findRun(client, 'kept')).toEqual(run)
  expect(specHash({ a: { b: 1, c: 2 }, d: [1] })).toBe(specHash({ d: [1], a: { c: 2, b: 1 } }))
  expect(specHash({ d: [1, 2] })).not.toBe(specHash({ d: [2, 1] }))
})

it('refuses a name that is taken', async () => {
  const newRun = { name: 'twice', pipeline: 'p', spec: specFor('t'), workers: 1, batchSize: 1 }
  await createRun(client, newRun)
  await expect(createRun(client, newRun)).rejects.toMatchObject({ code: 'RunExists' })
  expect(await findRun(client, 'never')).toBeUndefined()
})

it.each([
  { what: 'a Running run', end: async () => {}, resumed: true },
  { what: 'a run with a retryable failure', end: (run: Run) => failRun(client, run.id, passing), resumed: true },
  { what: 'a run with a final failure', end: (run: Run) => failRun(client, run.id, lasting), resumed: false },
  { what: 'a cancelled run', end: (run: Run) => cancelRun(client, run.id), resumed: false },
])('decides whether to resume $what: $resumed', async ({ end, resumed }) => {
  const run = await plannedRun(client)
  await end(run)
  expect((await unfinishedRun(client, run.pipeline))?.id).toBe(resumed ? run.id : undefined)
  expect(await isUnfinished(client, run.id)).toBe(resumed)
  if (resumed) await startRun(client, run.id)
  else await expect(startRun(client, run.id)).rejects.toMatchObject({ code: 'RunEnded' })
  expect((await findRun(client, run.name))?.state === 'Running').toBe(resumed)
})

it('does not resume a run if its pipeline has a later one', async () => {
  const [first] = [await plannedRun(client, { pipeline: 'overtaken' }), await cancelRun(client, (await plannedRun(client, { pipeline: 'overtaken' })).id)]
  expect(first.state).toBe('Running')
  expect(await unfinishedRun(client, 'overtaken')).toBeUndefined()
})

it('keeps the first failure, and the counts up to then', async () => {
  const run = await plannedRun(client)
  await recordBatch(client, loadedBatch(await claimed(client, run.id), 4))
  expect(await failRun(client, run.id, lasting)).toBe(true)
  expect(await failRun(client, run.id, passing)).toBe(false)
  expect(await findRun(client, run.name)).toMatchObject({ state: 'Failed', failure: lasting, counts: { read: 4, loaded: 4 } })
})

it('stores the ledger’s sums on a run that succeeds, and lists runs newest first', async () => {
  const run = await plannedRun(client, { pipeline: 'compared' })
  await readSlice(run.id, 4)
  expect(await succeedRun(client, run.id)).toMatchObject({
    state: 'Succeeded',
    bytes: 100,
    counts: { ...noCounts, read: 4, loaded: 3, quarantined: 1 },
    warnings: { w: 1 },
  })
  const next = await plannedRun(client, { pipeline: 'compared' })
  expect((await listRuns(client, { pipeline: 'compared', limit: 5 })).items.map(({ id }) => id)).toEqual([next.id, run.id])
  expect((await listRuns(client, { limit: 1 })).items).toHaveLength(1)
  await expect(succeedRun(client, run.id)).rejects.toMatchObject({ code: 'RunEnded' })
})

it.each([
  { what: 'a slice is not done', spoil: `UPDATE headgate.slice SET state = 'pending' WHERE run = $1 AND kind = 'read'`, says: 'slices not done: 1' },
  { what: 'a batch is missing in the ledger', spoil: 'DELETE FROM headgate.batch WHERE run = $1', says: 'hold 4 records but its ledger read 0' },
  {
    what: 'a rejected record is lost',
    spoil: 'DELETE FROM headgate.quarantine_occurrence WHERE run = $1',
    says: 'counts 1 records as quarantined or parked but 0 are kept',
  },
])('does not let a run succeed when $what', async ({ spoil, says }) => {
  const run = await plannedRun(client)
  await readSlice(run.id, 4)
  await client.query(spoil, [run.id])
  await expect(succeedRun(client, run.id)).rejects.toMatchObject({ code: 'Unbalanced', message: expect.stringContaining(says) })
  expect((await findRun(client, run.name))?.state).toBe('Running')
})

it('shows a Running and a Succeeded run in run_summary', async () => {
  const run = await plannedRun(client)
  await readSlice(run.id, 4)
  const summary = async () => (await client.query('SELECT * FROM headgate.run_summary WHERE id = $1', [run.id])).rows
  expect(await summary()).toMatchObject([{ state: 'Running', read: '4', quarantined: '1', rejected_ratio: '0.250000' }])
  await succeedRun(client, run.id)
  expect(await summary()).toMatchObject([{ state: 'Succeeded', read: '4', quarantined: '1', rejected_ratio: '0.250000', failure_code: null }])
})

it('keeps the run’s history in order', async () => {
  const run = await plannedRun(client)
  await recordEvent(client, run.id, 'HeaderRepeated', 'line 7')
  await recordEvent(client, run.id, 'SliceTakenOver', 'slice 0')
  expect((await listEvents(client, run.id)).map(({ code, message }) => [code, message])).toEqual([
    ['HeaderRepeated', 'line 7'],
    ['SliceTakenOver', 'slice 0'],
  ])
})

/** Commits one batch, with one rejected record, that ends the slice. */
async function readSlice(run: number, records: number): Promise<void> {
  const slice = await claimed(client, run)
  await quarantineRecords(client, { run, pipeline: `pipeline of ${run}`, slice: 0, input: 0, name: 'x.csv' }, [rejectedRecord(1)])
  await recordBatch(client, { ...loadedBatch(slice, records), counts: { ...noCounts, read: records, loaded: records - 1, quarantined: 1 }, warnings: { w: 1 } })
  await advanceSlice(client, slice, { position: 1, records, done: true })
}
