import type pg from 'pg'
import { expect, it } from 'vitest'
import { freshStore, specFor } from '../test/support/store.ts'
import { lockDestination } from './run-order.ts'
import { createRun } from './runs.ts'

const { client, connect } = await freshStore()
const [first, second] = [await connect(), await connect()]

await client.query(`
  CREATE TABLE feed (id int) PARTITION BY RANGE (id);
  CREATE TABLE north PARTITION OF feed FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id);
  CREATE TABLE north_one PARTITION OF north FOR VALUES FROM (1) TO (2);
  CREATE TABLE south PARTITION OF feed FOR VALUES FROM (10) TO (20);
  CREATE TABLE parent (id int);
  CREATE TABLE child () INHERITS (parent);
  CREATE TABLE alone (id int)`)

let runs = 0

/** Id of the destination with that name; creates a run that names it. */
async function destination(table: string): Promise<number> {
  const name = `run-${++runs}`
  const { destination } = await createRun(client, { name, pipeline: name, spec: specFor(table), workers: 1, batchSize: 1 })
  return destination as number
}

const numbers = new Map<string, number>()
for (const table of ['north', 'feed', 'north_one', 'south', 'child', 'parent', 'alone', 'missing']) numbers.set(table, await destination(table))

type Hold = { table: string; mode: 'shared' | 'exclusive' }

async function hold(db: pg.Client, { table, mode }: Hold): Promise<string[]> {
  const held = await lockDestination(db, { destination: numbers.get(table) }, mode)
  return held.flatMap((id) => [...numbers].filter(([, number]) => number === id).map(([name]) => name))
}

/** Whether a transaction that takes `other` waits for one that holds `one`. */
async function waits(one: Hold, other: Hold): Promise<boolean> {
  await first.query('BEGIN')
  await hold(first, one)
  await second.query(`BEGIN; SET LOCAL lock_timeout = '100ms'`)
  try {
    await hold(second, other)
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: '55P03' })
    return true
  } finally {
    await first.query('ROLLBACK')
    await second.query('ROLLBACK')
  }
}

it.each([
  { table: 'feed', held: ['feed', 'north', 'south', 'north_one'] },
  { table: 'north', held: ['feed', 'north', 'north_one'] },
  { table: 'north_one', held: ['feed', 'north', 'north_one'] },
  { table: 'south', held: ['feed', 'south'] },
  { table: 'child', held: ['parent', 'child'] },
  { table: 'parent', held: ['parent', 'child'] },
  { table: 'alone', held: ['alone'] },
  { table: 'missing', held: ['missing'] },
])('locks, with $table, the destinations that share rows with it, from the top down', async ({ table, held }) => {
  expect(await hold(client, { table, mode: 'exclusive' })).toEqual(held)
})

const related = [
  ['feed', 'north'],
  ['feed', 'north_one'],
  ['parent', 'child'],
]
const pairs = [...related, ...related.map((pair) => pair.toReversed())].map(([one, other]) => ({ one: one as string, other: other as string }))

it.each(pairs)('a run that publishes $one as a whole waits for batches of $other, and they wait for that run', async ({ one, other }) => {
  expect(await waits({ table: other, mode: 'shared' }, { table: one, mode: 'exclusive' })).toBe(true)
  expect(await waits({ table: one, mode: 'exclusive' }, { table: other, mode: 'shared' })).toBe(true)
  expect(await waits({ table: one, mode: 'exclusive' }, { table: other, mode: 'exclusive' })).toBe(true)
  expect(await waits({ table: one, mode: 'shared' }, { table: other, mode: 'shared' })).toBe(false)
})

it('runs of two partitions of one table do not wait for each other', async () => {
  expect(await waits({ table: 'north', mode: 'exclusive' }, { table: 'south', mode: 'exclusive' })).toBe(false)
  expect(await waits({ table: 'north_one', mode: 'exclusive' }, { table: 'south', mode: 'shared' })).toBe(false)
})

it('takes a partition into account as soon as it is attached', async () => {
  await client.query('CREATE TABLE east (id int)')
  numbers.set('east', await destination('east'))
  expect(await waits({ table: 'feed', mode: 'exclusive' }, { table: 'east', mode: 'shared' })).toBe(false)
  await client.query('ALTER TABLE feed ATTACH PARTITION east FOR VALUES FROM (20) TO (30)')
  expect(await waits({ table: 'feed', mode: 'exclusive' }, { table: 'east', mode: 'shared' })).toBe(true)
})
