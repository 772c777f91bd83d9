// "Unchanged rows are recorded, too": both order hazards, forced by making an earlier slice wait for a later one.
import { afterEach, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Run } from '../../store/runs.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'
import { changes } from './assembly.ts'
import { deliver, scratchFolder, written } from './delivery.ts'

const store = await freshStore()
const folder = scratchFolder()
let deliveries = 0

afterEach(async () => {
  changes.beforeReading = undefined
  await store.client.query('DROP SCHEMA hazard CASCADE; TRUNCATE headgate.run, headgate.quarantine, headgate.quarantine_occurrence CASCADE')
})

const spec: PipelineSpec = {
  source: { files: { paths: ['*.csv'] } },
  format: { csv: {} },
  schema: {
    primaryKey: ['id'],
    fields: [
      { name: 'id', type: 'integer' },
      { name: 'amount', type: 'integer' },
    ],
  },
  destination: { postgres: { table: 'hazard.feed', mode: 'Upsert', createTable: true } },
  quality: { maxRejectedRatio: '1' },
}

/** One run over files with these lines, one slice each; `lastFirst`: no file is read before the one after it is done. */
async function run(files: string[][], { lastFirst = false } = {}): Promise<Run> {
  const name = `run-${++deliveries}`
  const place = written(folder, name, Object.fromEntries(files.map((lines, file) => [`${file}.csv`, ['id,amount', ...lines, ''].join('\n')])))
  changes.beforeReading = lastFirst ? (slice) => isDone(name, slice.input + 1, files.length) : undefined
  return deliver(store, { name, pipeline: 'hazard', folder: place, spec, manner: { workers: lastFirst ? files.length : 1, batchSize: 100 } })
}

async function isDone(run: string, input: number, inputs: number): Promise<void> {
  if (input === inputs) return
  const done = `SELECT 1 FROM headgate.slice JOIN headgate.run ON run.id = run WHERE run.name = $1 AND input = $2 AND kind = 'read' AND slice.state = 'done'`
  await expect.poll(async () => (await store.client.query(done, [run, input])).rowCount, { timeout: 20_000 }).toBe(1)
}

async function rows(): Promise<unknown[]> {
  return (
    await store.client.query(
      `SELECT feed.id::int, amount::int, run.name AS run, (_pos >> 44)::int AS input FROM hazard.feed JOIN headgate.run ON run.id = _run ORDER BY feed.id`,
    )
  ).rows
}

async function entries(): Promise<unknown[]> {
  return (
    await store.client.query(
      'SELECT quarantine.state, run.name AS by FROM headgate.quarantine LEFT JOIN headgate.run ON run.id = state_run ORDER BY quarantine.id',
    )
  ).rows
}

const orders = [{ lastFirst: false }, { lastFirst: true }]

test.each(orders)(
  'A later slice that finds a row unchanged prevails over an earlier one that overwrites it, later slice first: $lastFirst',
  async ({ lastFirst }) => {
    await run([['1,10', '2,20']])
    const { name, counts, state } = await run([['1,11'], ['1,10', '2,20']], { lastFirst })
    expect(state).toBe('Succeeded')
    expect(await rows()).toEqual([
      { id: 1, amount: 10, run: name, input: 1 },
      { id: 2, amount: 20, run: expect.not.stringMatching(name), input: 0 },
    ])
    expect(counts).toMatchObject({ read: 3, loaded: 1, unchanged: 1, superseded: 1 })
    expect(await faultsInBooks(store.client)).toEqual([])
  },
)

test.each(orders)('Of three slices the last wins, whatever the middle one found, later slice first: $lastFirst', async ({ lastFirst }) => {
  await run([['1,10']])
  const { name, counts } = await run([['1,11'], ['1,10'], ['1,12'], ['1,10']], { lastFirst })
  expect(await rows()).toEqual([{ id: 1, amount: 10, run: name, input: 3 }])
  expect(counts).toMatchObject({ read: 4, loaded: 1, unchanged: 0, superseded: 3 })
})

test('An entry of an earlier run closes when a good, unchanged record with its key comes later', async () => {
  await run([['1,10']])
  const { id } = await run([['1,wrong']])
  const { name, counts } = await run([['1,10']])
  expect(counts).toMatchObject({ unchanged: 1, loaded: 0 })
  expect(await entries()).toEqual([{ state: 'superseded', by: name }])
  expect(id).toBeGreaterThan(0)
})

test('A batch of only rejected records leaves the entries unchanged', async () => {
  await run([['1,10']])
  const { state } = await run([['1,wrong', '2,wrong', '1,wrong']])
  expect(state).toBe('Succeeded')
  expect((await run([['1,wrong']])).state).toBe('Succeeded')
  expect(await entries()).toEqual([
    { state: 'open', by: null },
    { state: 'open', by: null },
  ])
})

test('An entry closes when a good, unchanged record with its key comes later in the same batch', async () => {
  await run([['1,10']])
  const { name } = await run([['1,wrong', '1,10']])
  expect(await entries()).toEqual([{ state: 'superseded', by: name }])
})

test('An entry stays open when the good record came before it', async () => {
  await run([['1,10'], ['1,wrong']])
  expect(await entries()).toEqual([{ state: 'open', by: null }])
})

test.each(orders)(
  'An entry closes when a later slice of the same run brings its key with another value, later slice first: $lastFirst',
  async ({ lastFirst }) => {
    await run([['1,10']])
    const { name } = await run([['1,wrong'], ['1,11']], { lastFirst })
    expect(await entries()).toEqual([{ state: 'superseded', by: name }])
  },
)

test.each(orders)('An entry closes when a later slice of the same run brings its key unchanged, later slice first: $lastFirst', async ({ lastFirst }) => {
  await run([['1,10']])
  const { name } = await run([['1,wrong'], ['1,10']], { lastFirst })
  expect(await entries()).toEqual([{ state: 'superseded', by: name }])
})

test('An entry is closed by a good record that was copied directly into an empty table', async () => {
  await store.client.query('CREATE SCHEMA hazard; CREATE TABLE hazard.feed (id bigint PRIMARY KEY, amount bigint, _run bigint, _pos bigint)')
  await run([['1,bad', '2,bad']])
  const { name } = await run([['1,10', '3,30']])
  const straight = await store.client.query('SELECT DISTINCT run.name FROM headgate.batch JOIN headgate.run ON run.id = run WHERE straight')
  expect(straight.rows).toEqual([{ name }])
  expect(await entries()).toEqual([
    { state: 'superseded', by: name },
    { state: 'open', by: null },
  ])
})
