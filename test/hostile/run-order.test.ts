// Two runs of one table, with their transactions in any order: the final table is the one that the runs leave one after the other.
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { type Destination, scratchFolder, written } from '../property/delivery.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'
import { SteppedRun } from './stepped-run.ts'

const store = await freshStore()
const folder = scratchFolder()
let cases = 0

afterEach(async () => {
  await store.client.query('DROP SCHEMA IF EXISTS race CASCADE; TRUNCATE headgate.run CASCADE; UPDATE headgate.destination SET whole_run = 0')
})

type Record = [id: number, amount: number]
type Manner = { mode: 'Upsert' | 'Replace' | 'Snapshot'; publish: 'PerBatch' | 'PerRun' }
/** `table` is the name that the pipeline gives the table, race.feed unless said otherwise. */
type Delivery = Manner & { records: Record[]; table?: string }

function specOf({ mode, publish, table = 'race.feed' }: Delivery): PipelineSpec {
  const postgres: Destination = { table, mode, createTable: true, ...(mode === 'Upsert' && { publish }) }
  return {
    source: { files: { paths: ['feed.csv'] } },
    format: { csv: {} },
    schema: {
      primaryKey: ['id'],
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'amount', type: 'integer' },
      ],
    },
    destination: { postgres },
    quality: { maxRemovedRatio: '1' },
  }
}

async function declared(name: string, delivery: Delivery, pipeline = name): Promise<SteppedRun> {
  const lines = ['id,amount', ...delivery.records.map((record) => record.join()), '']
  const place = written(folder, `${cases}-${name}`, { 'feed.csv': lines.join('\n') })
  return SteppedRun.declare(store, { name: `${cases}-${name}`, pipeline, folder: place, spec: specOf(delivery) })
}

async function whole(name: string, delivery: Delivery): Promise<void> {
  const run = await declared(name, delivery)
  await toTheEnd(run)
  expect(run.ended).toBe('Succeeded')
}

async function toTheEnd(run: SteppedRun): Promise<void> {
  for (let step = 0; run.ended === undefined && step < 50; step++) await run.step()
  await run.close()
}

/** race.feed with race.part as its only partition: two names of the same rows. */
async function partition(): Promise<void> {
  await store.client.query(`
    CREATE SCHEMA race;
    CREATE TABLE race.feed (id bigint PRIMARY KEY, amount bigint, _run bigint, _pos bigint) PARTITION BY RANGE (id);
    CREATE TABLE race.part PARTITION OF race.feed FOR VALUES FROM (MINVALUE) TO (MAXVALUE)`)
}

/** What the deliveries one after the other leave. */
function model(...deliveries: Delivery[]): Record[] {
  let table = new Map<number, number>()
  for (const { mode, records } of deliveries) table = new Map([...(mode === 'Upsert' ? table : []), ...records])
  return [...table].toSorted(([one], [other]) => one - other)
}

async function table(): Promise<Record[]> {
  const { rows } = await store.client.query<{ id: number; amount: number }>('SELECT id::int, amount::int FROM race.feed ORDER BY id')
  return rows.map(({ id, amount }) => [id, amount])
}

const records = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 1 })), { selector: ([id]) => id, maxLength: 4 })
const delivery = fc.record<Delivery>({
  mode: fc.constantFrom('Upsert', 'Upsert', 'Replace', 'Snapshot'),
  publish: fc.constantFrom('PerBatch', 'PerBatch', 'PerRun'),
  records: records.filter((list) => list.length > 0),
})
const event = fc.constantFrom('older', 'older', 'newer', 'newer', 'older lost', 'newer lost')
const situation = fc.record({
  before: fc.record<Delivery>({ mode: fc.constant('Upsert'), publish: fc.constant('PerBatch'), records: records.filter((list) => list.length > 0) }),
  older: delivery,
  newer: delivery,
  events: fc.array(event, { maxLength: 14 }),
  onePipeline: fc.boolean(),
  names: fc.constantFrom<[older: string, newer: string]>(['race.feed', 'race.feed'], ['race.part', 'race.feed'], ['race.feed', 'race.part']),
})

const runs = Number(process.env.HEADGATE_TEST_INTERLEAVINGS ?? 100)

const one: Manner = { mode: 'Upsert', publish: 'PerBatch' }
const before: Delivery = {
  ...one,
  records: [
    [1, 0],
    [2, 0],
    [3, 0],
  ],
}

/** An older run that has planned but loaded nothing yet, and a newer one that has ended since. */
async function overtaking(older: Delivery, newer: Delivery, pipeline?: string): Promise<SteppedRun> {
  cases++
  await whole('before', before)
  const paused = await declared('older', older, pipeline)
  for (let step = 0; step < 2; step++) await paused.step()
  const other = await declared('newer', newer, pipeline)
  await toTheEnd(other)
  expect(other.ended).toBe('Succeeded')
  return paused
}

test.each(['Snapshot', 'Replace'] as const)('An older %s that was paused publishes nothing over a newer one', async (mode) => {
  const paused = await overtaking(
    { mode, publish: 'PerRun', records: [[1, 1]] },
    {
      mode,
      publish: 'PerRun',
      records: [
        [1, 2],
        [4, 2],
      ],
    },
  )
  await toTheEnd(paused)
  expect(paused.failure).toMatchObject({ code: 'Overtaken', retryable: false, message: expect.stringMatching(/has published race.feed as a whole/) })
  expect(await table()).toEqual([
    [1, 2],
    [4, 2],
  ])
})

test('An older Replace does not swap away what a newer Upsert has loaded', async () => {
  const paused = await overtaking({ mode: 'Replace', publish: 'PerRun', records: [[1, 1]] }, { ...one, records: [[4, 2]] })
  await toTheEnd(paused)
  expect(paused.failure).toMatchObject({ code: 'Overtaken' })
  expect(await table()).toEqual([...before.records, [4, 2]])
})

test('An older Snapshot removes only what older runs have written', async () => {
  const paused = await overtaking(
    { mode: 'Snapshot', publish: 'PerRun', records: [[1, 1]] },
    {
      ...one,
      records: [
        [2, 0],
        [4, 2],
      ],
    },
  )
  await toTheEnd(paused)
  expect(paused.ended).toBe('Succeeded')
  expect(await table()).toEqual([
    [1, 1],
    [2, 0],
    [4, 2],
  ])
})

test('A value that a newer run found unchanged is not overwritten by an older run', async () => {
  const paused = await overtaking(
    {
      ...one,
      records: [
        [1, 1],
        [2, 1],
      ],
    },
    { ...one, records: [[1, 0]] },
  )
  await toTheEnd(paused)
  expect(paused.ended).toBe('Succeeded')
  expect(await table()).toEqual([
    [1, 0],
    [2, 1],
    [3, 0],
  ])
})

test.each([
  { older: 'race.part', newer: 'race.feed' },
  { older: 'race.feed', newer: 'race.part' },
])('Runs through a partition and its parent are in order: older through $older, newer through $newer', async (names) => {
  await partition()
  const older = await overtaking(
    { mode: 'Replace', publish: 'PerRun', records: [[1, 1]], table: names.older },
    { ...one, records: [[4, 2]], table: names.newer },
  )
  await toTheEnd(older)
  expect(older.failure).toMatchObject({ code: 'Overtaken', message: expect.stringContaining(`have loaded rows into ${names.older}`) })
  expect(await table()).toEqual([...before.records, [4, 2]])
})

test('A partition that a newer run publishes as a whole does not overtake an older run of another partition', async () => {
  await store.client.query(`
    CREATE SCHEMA race;
    CREATE TABLE race.feed (id bigint PRIMARY KEY, amount bigint, _run bigint, _pos bigint) PARTITION BY RANGE (id);
    CREATE TABLE race.low PARTITION OF race.feed FOR VALUES FROM (1) TO (3);
    CREATE TABLE race.high PARTITION OF race.feed FOR VALUES FROM (3) TO (5)`)
  const older = await overtaking(
    { mode: 'Replace', publish: 'PerRun', records: [[1, 1]], table: 'race.low' },
    { mode: 'Replace', publish: 'PerRun', records: [[4, 2]], table: 'race.high' },
  )
  await toTheEnd(older)
  expect(older.ended).toBe('Succeeded')
  expect(await table()).toEqual([
    [1, 1],
    [4, 2],
  ])
})

test('A failed run that is resumed by its name after a newer one of its pipeline loads nothing more', async () => {
  cases++
  await whole('before', before)
  const failed = await declared(
    'older',
    {
      ...one,
      records: [
        [1, 1],
        [2, 1],
      ],
    },
    `${cases}-feed`,
  )
  for (let step = 0; step < 3; step++) await failed.step()
  await failed.lose()
  await toTheEnd(
    await declared(
      'newer',
      {
        ...one,
        records: [
          [1, 0],
          [2, 0],
        ],
      },
      `${cases}-feed`,
    ),
  )
  await toTheEnd(failed)
  expect(failed.failure).toMatchObject({ code: 'Overtaken', message: expect.stringMatching(/of the same table has begun since/) })
  expect(await table()).toEqual(before.records)
})

test('Any interleaving of two runs gives the result of the older followed by the newer', { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(situation, async ({ before, older, newer, events, onePipeline, names }) => {
      cases++
      await store.client.query('DROP SCHEMA IF EXISTS race CASCADE')
      if (names.includes('race.part')) await partition()
      await whole('before', before)
      const first = await declared('older', { ...older, table: names[0] }, onePipeline ? `${cases}-both` : undefined)
      const second = await declared('newer', { ...newer, table: names[1] }, onePipeline ? `${cases}-both` : undefined)
      for (const happening of events) {
        const run = happening.startsWith('older') ? first : second
        await (happening.endsWith('lost') ? run.lose() : run.step())
      }
      await toTheEnd(second)
      await toTheEnd(first)
      expect(second.ended).toBe('Succeeded')
      const overtaken = first.ended === 'Failed'
      if (overtaken) expect(first.failure).toMatchObject({ code: 'Overtaken', retryable: false })
      // Of an overtaken run there may be what it had committed before, as if it had been cut short.
      const possible = overtaken ? prefixes(older).map((part) => model(before, part, newer)) : [model(before, older, newer)]
      expect(possible).toContainEqual(await table())
      expect(await faultsInBooks(store.client)).toEqual([])
    }),
    { numRuns: runs, ...(process.env.HEADGATE_TEST_SEED !== undefined && { seed: Number(process.env.HEADGATE_TEST_SEED) }) },
  )
})

/** What an older run may have shown before it was overtaken: nothing of one that publishes as a whole. */
function prefixes(delivery: Delivery): Delivery[] {
  if (delivery.mode !== 'Upsert' || delivery.publish === 'PerRun') return [{ ...delivery, mode: 'Upsert', records: [] }]
  return Array.from({ length: delivery.records.length + 1 }, (_, length) => ({ ...delivery, records: delivery.records.slice(0, length) }))
}
