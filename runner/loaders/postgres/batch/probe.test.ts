import pg from 'pg'
import { beforeEach, describe, expect, it } from 'vitest'
import { transactionOver } from '../../../../store/connection.ts'
import { freshDatabase } from '../../../../test/support/database.ts'
import { heapRange } from '../merge/heap-range.ts'
import type { LoadPlan } from '../plan.ts'
import { allUnchanged } from './probe.ts'

const { client } = await freshDatabase()
const tx = transactionOver(client)
const column = (name: string, type: string) => ({ name, type, formatted: type, modifier: -1, notNull: false, equalsByBytes: true, labels: null })
const plan: LoadPlan = {
  route: 'stage',
  mode: 'Upsert',
  destination: { schema: 'public', name: 'feed' },
  staging: null,
  stage: 'incoming',
  partitioned: false,
  insertOnly: false,
  empty: false,
  key: ['id'],
  version: null,
  onMissing: null,
  columns: [column('id', 'int8'), column('note', 'text'), column('_run', 'int8'), column('_pos', 'int8')],
}
const run = { id: 2 } as Parameters<typeof allUnchanged>[1]

/** Rows of the destination from an earlier run, 40,000 of them, and a stage with those numbered `from` to `to`, changed as `note` says. */
async function given(from: number, to: number, note = `'note ' || id`): Promise<number> {
  await client.query(`TRUNCATE feed; INSERT INTO feed SELECT id, 'note ' || id, 1, id FROM generate_series(1, 40000) AS id`)
  await client.query(
    `DROP TABLE IF EXISTS pg_temp.incoming; CREATE TEMP TABLE incoming AS SELECT id, ${note} AS note, 2::int8 AS _run, id AS _pos FROM generate_series(${from}::int8, ${to}) AS id`,
  )
  return to - from + 1
}

async function probe(size: number): Promise<Buffer | undefined> {
  const range = await heapRange(tx, plan, 'incoming')
  return range === undefined ? undefined : allUnchanged(tx, run, plan, range, size)
}

describe('a batch that is probably unchanged', () => {
  beforeEach(async () => {
    await client.query('CREATE TABLE IF NOT EXISTS feed (id int8 PRIMARY KEY, note text, _run int8, _pos int8)')
  })

  it('is recognised with the hashes of all its keys', async () => {
    const size = await given(10_000, 15_000)
    const keys = await probe(size)
    expect(keys?.length).toBe(size * 8)
  })

  it('is recognised if some of its rows are in other blocks', async () => {
    const size = await given(10_000, 15_000)
    await client.query(`UPDATE feed SET note = note WHERE id IN (10050, 14000)`)
    expect((await probe(size))?.length).toBe(size * 8)
  })

  it.each([
    ['one row differs', 10_000, 15_000, `CASE WHEN id = 12000 THEN 'other' ELSE 'note ' || id END`],
    ['one value is null now', 10_000, 15_000, `CASE WHEN id = 12000 THEN NULL ELSE 'note ' || id END`],
    ['some rows are new', 39_000, 41_000, `'note ' || id`],
    ['all rows are new', 50_000, 51_000, `'note ' || id`],
  ])('is not when %s', async (_, from, to, note) => {
    const size = await given(from, to, note)
    expect(await probe(size)).toBeUndefined()
  })

  it('is not unchanged if this run has written one of its rows', async () => {
    const size = await given(10_000, 15_000)
    await client.query('UPDATE feed SET _run = 2 WHERE id = 12000')
    expect(await probe(size)).toBeUndefined()
  })
})

describe('the range of heap blocks of a batch', () => {
  it('is little more than the rows themselves if they are adjacent', async () => {
    await given(10_000, 15_000)
    const { rows } = await client.query(`SELECT min(ctid)::text AS first, max(ctid)::text AS last FROM feed WHERE id BETWEEN 10000 AND 15000`)
    const page = (address: string) => Number(address.slice(1, address.indexOf(',')))
    const range = await heapRange(tx, plan, pg.escapeIdentifier('incoming'))
    expect(page(range?.from as string)).toBeLessThanOrEqual(page(rows[0].first))
    expect(page(range?.to as string)).toBeGreaterThan(page(rows[0].last))
    expect(page(range?.to as string) - page(range?.from as string)).toBeLessThan(3 * (page(rows[0].last) - page(rows[0].first)) + 32)
  })

  it('is unknown if the rows are far apart or missing', async () => {
    await given(1, 100)
    await client.query('DROP TABLE pg_temp.incoming; CREATE TEMP TABLE incoming AS SELECT id, note, 2::int8 AS _run, _pos FROM feed WHERE id % 80 = 0')
    expect(await heapRange(tx, plan, 'incoming')).toBeUndefined()
    await given(60_000, 61_000)
    expect(await heapRange(tx, plan, 'incoming')).toBeUndefined()
  })
})
