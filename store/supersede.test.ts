import { beforeEach, expect, it } from 'vitest'
import { freshStore, rejectedRecord } from '../test/support/store.ts'
import { hashOpenKeys } from './key-form.ts'
import { quarantineRecords } from './quarantine.ts'
import { listQuarantine } from './quarantine-queries.ts'
import { hasOpenKeys, supersedeByBatch, supersedeByDestination, supersedeByTable } from './supersede.ts'

const { client } = await freshStore()
const inputSize = 2 ** 44
const columns = [{ name: 'id', type: 'numeric(12,2)' }]

beforeEach(async () => {
  await client.query('TRUNCATE headgate.quarantine, headgate.quarantine_occurrence')
})

/** Accepts rows in a batch, from a temporary table whose name needs quoting. Returns the number of entries closed. */
async function accept(pipeline: string, run: number, rows: { id: string; pos: number }[]): Promise<number> {
  await client.query('BEGIN')
  await client.query(`CREATE TEMP TABLE "odd ""stage" ("id" numeric(12,2), _pos bigint) ON COMMIT DROP`)
  for (const { id, pos } of rows) await client.query(`INSERT INTO "odd ""stage" VALUES ($1, $2)`, [id, pos])
  const closed = await supersedeByBatch(client, { pipeline, run, relation: 'odd "stage', columns })
  await client.query('COMMIT')
  return closed
}

async function reject(pipeline: string, run: number, records: { order: number; id?: string }[], input = 0): Promise<void> {
  const rejected = records.map(({ order, id }) => rejectedRecord(order, { key: id === undefined ? undefined : { id: id } }))
  await client.query('BEGIN')
  await quarantineRecords(client, { run, pipeline, slice: input, input, name: 'f', keyColumns: columns }, rejected)
  await client.query('COMMIT')
}

const states = async (pipeline: string) => (await listQuarantine(client, { pipeline, limit: 9 })).items.map(({ state }) => state)

it('closes an entry whose key is accepted in a later run, comparing keys as values of the column’s type', async () => {
  await reject('later', 1, [{ order: 1, id: '7.5' }, { order: 2, id: '8' }, { order: 3 }])
  expect(await hasOpenKeys(client, 'later')).toBe(true)
  expect(
    await accept('later', 2, [
      { id: '7.50', pos: 0 },
      { id: '9', pos: 1 },
    ]),
  ).toBe(1)
  expect(await states('later')).toEqual(['superseded', 'open', 'open'])
  expect((await listQuarantine(client, { pipeline: 'later', state: 'superseded', limit: 1 })).items[0]).toMatchObject({
    stateRun: 2,
    stateReason: expect.stringContaining('later record'),
  })
})

it('does not close entries of other pipelines or entries without a key', async () => {
  await reject('keyless', 1, [{ order: 1 }])
  await reject('other', 2, [{ order: 1, id: '5' }])
  expect(await accept('keyless', 2, [{ id: '5', pos: 0 }])).toBe(0)
  expect([await states('keyless'), await states('other')]).toEqual([['open'], ['open']])
  expect(await hasOpenKeys(client, 'keyless')).toBe(false)
})

it.each([
  { what: 'a later record of the same input', run: 3, pos: 11, state: 'superseded' },
  { what: 'an earlier record of the same input', run: 3, pos: 9, state: 'open' },
  { what: 'a later input', run: 3, pos: inputSize * 2 + 1, state: 'superseded' },
  { what: 'an earlier run that was resumed', run: 2, pos: inputSize * 9, state: 'open' },
])('decides by source order: $what leaves the entry $state', async ({ what, run, pos, state }) => {
  await reject(what, 3, [{ order: 10, id: '1' }])
  await accept(what, run, [{ id: '1', pos }])
  expect(await states(what)).toEqual([state])
})

it('compares with the last delivery of a record that was rejected twice', async () => {
  await reject('twice', 1, [{ order: 5, id: '1' }])
  await reject('twice', 4, [{ order: 5, id: '1' }])
  expect(await accept('twice', 3, [{ id: '1', pos: 99 }])).toBe(0)
  expect(await accept('twice', 4, [{ id: '1', pos: 99 }])).toBe(1)
})

it('does not fail on keys that were rejected before the column had its present type', async () => {
  await reject('retyped', 1, [
    { order: 1, id: 'A-7' },
    { order: 2, id: '8.00' },
  ])
  expect(await accept('retyped', 2, [{ id: '8', pos: 0 }])).toBe(1)
  expect(await states('retyped')).toEqual(['open', 'superseded'])
})

it('closes, in the finish step, entries rejected after another slice had loaded a later record with the key', async () => {
  await client.query('CREATE TABLE public.orders ("id" integer PRIMARY KEY, _run bigint, _pos bigint)')
  await client.query('INSERT INTO public.orders VALUES (1, 6, $1), (2, 6, 1), (3, 5, 1)', [inputSize])
  await reject('slices', 6, [
    { order: 5, id: '1' },
    { order: 6, id: '2' },
    { order: 7, id: '3' },
  ])
  await client.query('BEGIN')
  expect(await supersedeByDestination(client, { pipeline: 'slices', run: 6, schema: 'public', table: 'orders', columns })).toBe(1)
  await client.query('COMMIT')
  expect(await states('slices')).toEqual(['superseded', 'open', 'open'])
})

/** Numbers of sequential scans and rows that `work` reads from a table. */
async function readBy(table: string, work: () => Promise<unknown>): Promise<{ scans: number; rows: number }> {
  const before = await readSoFar(table)
  await work()
  const after = await readSoFar(table)
  return { scans: after.scans - before.scans, rows: after.rows - before.rows }
}

async function readSoFar(table: string): Promise<{ scans: number; rows: number }> {
  const { rows } = await client.query(
    `SELECT seq_scan::int AS scans, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int AS rows FROM pg_stat_xact_all_tables WHERE relid = $1::regclass`,
    [table],
  )
  return rows[0]
}

it('reads only the entries of the batch’s keys, however many are open, with or without statistics', async () => {
  await client.query('CREATE TEMP TABLE batch AS SELECT key::numeric(12,2) AS id, key::bigint AS _pos FROM generate_series(0, 499) AS key')
  await reject(
    'backlog',
    1,
    Array.from({ length: 3000 }, (_, order) => ({ order, id: `${order + 498}` })),
  )
  for (const statistics of ['nothing', 'ANALYZE headgate.quarantine']) {
    if (statistics !== 'nothing') await client.query(statistics)
    await client.query('BEGIN')
    const close = () => supersedeByBatch(client, { pipeline: 'backlog', run: 2, relation: 'batch', columns })
    // Two entries, each read three times: found, read again for its key, and updated.
    expect(await readBy('headgate.quarantine', close)).toEqual({ scans: 0, rows: 6 })
    expect((await listQuarantine(client, { pipeline: 'backlog', state: 'superseded', limit: 9 })).items.map(({ key }) => key)).toEqual([
      { id: '498' },
      { id: '499' },
    ])
    await client.query('ROLLBACK')
  }
  await client.query('DROP TABLE batch')
})

it('reads a large table once, however many entries are open', async () => {
  await client.query('CREATE TABLE public.staged AS SELECT key::numeric(12,2) AS id, key::bigint AS _pos FROM generate_series(0, 4999) AS key')
  await reject(
    'staged',
    1,
    Array.from({ length: 400 }, (_, order) => ({ order, id: `${order * 20}` })),
  )
  await client.query('BEGIN')
  const close = async () => expect(await supersedeByTable(client, { pipeline: 'staged', run: 2, schema: 'public', relation: 'staged', columns })).toBe(250)
  expect(await readBy('public.staged', close)).toEqual({ scans: 1, rows: 5000 })
  await client.query('COMMIT')
})

it('looks open keys up in the destination instead of reading it', async () => {
  await client.query(`CREATE TABLE public.large (id numeric(12,2) PRIMARY KEY, _run bigint, _pos bigint);
    INSERT INTO public.large SELECT key, 3, key FROM generate_series(0, 9999) AS key`)
  await reject(
    'large',
    3,
    Array.from({ length: 300 }, (_, order) => ({ order, id: `${order + 9900}` })),
  )
  await client.query('BEGIN')
  const close = async () => expect(await supersedeByDestination(client, { pipeline: 'large', run: 3, schema: 'public', table: 'large', columns })).toBe(100)
  expect(await readBy('public.large', close)).toEqual({ scans: 0, rows: 100 })
  await client.query('COMMIT')
})

it('closes entries of an older version once their keys are hashed', async () => {
  await reject('older', 1, [{ order: 1, id: '7' }, { order: 2, id: 'not a number' }, { order: 3 }])
  await client.query('UPDATE headgate.quarantine SET key_form = DEFAULT, key_hash = NULL')
  expect(await accept('older', 2, [{ id: '7', pos: 0 }])).toBe(0)
  await client.query('BEGIN')
  await hashOpenKeys(client, 'older', columns)
  await client.query('COMMIT')
  expect(await accept('older', 2, [{ id: '7', pos: 0 }])).toBe(1)
  expect(await states('older')).toEqual(['superseded', 'open', 'open'])
})
