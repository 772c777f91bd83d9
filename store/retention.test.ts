import { beforeEach, expect, it } from 'vitest'
import { claimed, freshStore, loadedBatch, plannedRun, rejectedRecord } from '../test/support/store.ts'
import { recordBatch } from './ledger.ts'
import { quarantineRecords } from './quarantine.ts'
import { pruneQuarantine, pruneRuns } from './retention.ts'
import { cancelRun, failRun, findRunById, type Run } from './runs.ts'

const { client } = await freshStore()
const pipeline = 'sales/orders'
const before = new Date('2026-06-01T00:00:00Z')
const old = '2026-01-01T00:00:00Z'

beforeEach(async () => {
  await client.query('TRUNCATE headgate.run, headgate.quarantine, headgate.quarantine_occurrence CASCADE')
})

/** A run with a committed batch that ended at `endedAt`; null for a Running run. */
async function run(state: 'Running' | 'Succeeded' | 'Failed' | 'Cancelled', endedAt: string | null, of = pipeline): Promise<Run> {
  const made = await plannedRun(client, { pipeline: of })
  await recordBatch(client, loadedBatch(await claimed(client, made.id), 5))
  if (state === 'Failed') await failRun(client, made.id, { code: 'SourceFailed', message: 'gone', retryable: true })
  else if (state === 'Cancelled') await cancelRun(client, made.id)
  else if (state === 'Succeeded') await client.query(`UPDATE headgate.run SET state = 'Succeeded' WHERE id = $1`, [made.id])
  await client.query('UPDATE headgate.run SET finished_at = $2 WHERE id = $1', [made.id, endedAt])
  return made
}

async function reject(of: Run, order: number, state: string, stateAt = old): Promise<void> {
  await quarantineRecords(client, { run: of.id, pipeline: of.pipeline, slice: 0, input: 0, name: 'f.csv' }, [rejectedRecord(order)])
  await client.query('UPDATE headgate.quarantine SET state = $2, state_at = $3 WHERE raw = $1', [Buffer.from(`record ${order}`), state, stateAt])
}

async function remaining(table: string, column = 'id'): Promise<number[]> {
  const { rows } = await client.query(`SELECT ${column} AS id FROM headgate.${table} ORDER BY 1`)
  return rows.map(({ id }) => Number(id))
}

it('deletes runs that ended before the given time, with their slices and ledger', async () => {
  const expired = [await run('Succeeded', old), await run('Failed', old), await run('Cancelled', old)]
  const kept = [await run('Succeeded', old), await run('Failed', '2026-07-01T00:00:00Z'), await run('Cancelled', old)]
  expect(await pruneRuns(client, { pipeline, before })).toBe(expired.length)
  expect(await remaining('run')).toEqual(kept.map(({ id }) => id))
  expect(await remaining('batch', 'DISTINCT run')).toEqual(kept.map(({ id }) => id))
  expect(await remaining('slice', 'DISTINCT run')).toEqual(kept.map(({ id }) => id))
  expect(await pruneRuns(client, { pipeline, before })).toBe(0)
})

it('keeps a Running run of any age, the latest run and the latest successful run', async () => {
  const runs = [await run('Running', null), await run('Succeeded', old), await run('Failed', old)]
  expect(await pruneRuns(client, { pipeline, before })).toBe(0)
  expect(await remaining('run')).toEqual(runs.map(({ id }) => id))
})

it('does not delete runs of other pipelines', async () => {
  for (const of of ['sales/other', 'sales/other']) await run('Cancelled', old, of)
  expect(await pruneRuns(client, { pipeline, before })).toBe(0)
})

it.each([
  ['open', 0],
  ['parked', 0],
  ['corrected', 0],
  ['superseded', 1],
  ['discarded', 1],
  ['replayed', 1],
])('with a rejected record of the run that is %s, deletes %i runs', async (state, deleted) => {
  const rejecting = await run('Succeeded', old)
  await reject(rejecting, 1, state)
  await run('Succeeded', old)
  expect(await pruneRuns(client, { pipeline, before })).toBe(deleted)
  expect(await remaining('quarantine')).toHaveLength(1)
  expect(await remaining('quarantine_occurrence', 'run')).toHaveLength(1 - deleted)
})

it('deletes at most `limit` runs, oldest first', async () => {
  const runs = [await run('Cancelled', old), await run('Cancelled', old), await run('Cancelled', old)]
  expect(await pruneRuns(client, { pipeline, before, limit: 1 })).toBe(1)
  expect(await remaining('run')).toEqual(runs.slice(1).map(({ id }) => id))
})

it('deletes old closed quarantine entries of the pipeline with their occurrences, but not unresolved or recently closed ones', async () => {
  const [mine, other] = [await run('Running', null), await run('Running', null, 'sales/other')]
  for (const [order, state] of [...['replayed', 'superseded', 'discarded', 'open', 'parked', 'corrected'].entries()]) await reject(mine, order, state)
  await reject(mine, 6, 'discarded', '2026-07-01T00:00:00Z')
  await reject(other, 7, 'discarded')
  expect(await pruneQuarantine(client, { pipeline, before })).toBe(3)
  const { rows } = await client.query('SELECT pipeline, state FROM headgate.quarantine ORDER BY id')
  expect(rows.map(({ state }) => state)).toEqual(['open', 'parked', 'corrected', 'discarded', 'discarded'])
  expect(await remaining('quarantine_occurrence', 'quarantine')).toEqual(await remaining('quarantine'))
  expect((await findRunById(client, mine.id)).id).toBe(mine.id)
})

it('deletes more occurrences and entries than one statement can', async () => {
  const of = await run('Cancelled', old)
  await run('Cancelled', old)
  const many = Array.from({ length: 6_000 }, (_, order) => rejectedRecord(order))
  await quarantineRecords(client, { run: of.id, pipeline, slice: 0, input: 0, name: 'f.csv' }, many)
  await client.query(`UPDATE headgate.quarantine SET state = 'discarded', state_at = $1`, [old])
  expect(await pruneRuns(client, { pipeline, before })).toBe(1)
  expect(await remaining('quarantine_occurrence', 'quarantine')).toEqual([])
  expect(await pruneQuarantine(client, { pipeline, before })).toBe(6_000)
})
