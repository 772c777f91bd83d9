// One record of the source becomes many, through the real engine: counts that balance, and nothing half-done where the table refuses a row.
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadPipeline } from '../../cli/check/load.ts'
import { runPipeline } from '../../cli/local/run-pipeline.ts'
import { scratchFolder, written } from '../property/delivery.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const stop = new AbortController()
afterAll(() => stop.abort())

const sdk = join(import.meta.dirname, '../../sdk/index.ts')
/** `a-b-a` under `tags` becomes a record per tag; two with one key are one row, the later. */
const explode = `import { RecordTransformer } from '${sdk}'
export default class Explode extends RecordTransformer {
  output(fields) { return [...fields, { name: 'place', type: 'integer' }] }
  map(record) { return record.tags.split('-').map((tags, place) => ({ ...record, tags, place })) }
}`
const notEmpty = `import { RecordTransformer } from '${sdk}'
export default class NotEmpty extends RecordTransformer { map(record) { return record.tags === 'none' ? undefined : record } }`

async function load(name: string, mode: string, publish: string, csv: string, key = '[id, tags]') {
  const folder = written(scratchFolder(), name, {
    'explode.ts': explode,
    'not-empty.ts': notEmpty,
    'feed.csv': `id,tags\n${csv}`,
    'pipeline.yaml': `apiVersion: headgate.dev/v1alpha1
kind: Pipeline
metadata: {name: many}
spec:
  source: {files: {paths: [feed.csv]}}
  format: {csv: {encoding: utf-8}}
  schema:
    primaryKey: ${key}
    fields: [{name: id, type: integer}, {name: tags, type: text}]
  transform: [{plugin: {module: ./explode.ts}}, {plugin: {module: ./not-empty.ts}}]
  destination: {postgres: {table: ${name}, mode: ${mode}, publish: ${publish}}}
`,
  })
  const file = join(folder, 'pipeline.yaml')
  const report = await runPipeline({ pipeline: await loadPipeline(file), file, databaseUrl: store.url, name, signal: stop.signal, now: new Date() })
  const { rows } = await store.client.query(`SELECT id::int, tags, place::int FROM ${name} ORDER BY id, place`)
  return { ...report.run, rows: rows.map(({ id, tags, place }) => `${id}${tags}${place}`) }
}

test.each([
  ['Upsert', 'PerBatch'],
  ['Upsert', 'PerRun'],
  ['Snapshot', 'PerRun'],
  ['Replace', 'PerRun'],
])('%s %s loads all rows of a record or, where the table refuses one of them, none', async (mode, publish) => {
  const name = `many_${mode}_${publish}`.toLowerCase()
  await store.client.query(
    `CREATE TABLE ${name} (id bigint, tags text CHECK (tags <> 'z'), place bigint NOT NULL, _run bigint, _pos bigint, PRIMARY KEY (id, tags))`,
  )
  const run = await load(name, mode, publish, '1,a-b-a\n2,x-z-y\n3,none\n4,c-none-d\n5,e\n')
  expect(run.failure).toBeUndefined()
  expect(run.rows).toEqual(['1b1', '1a2', '4c0', '4d2', '5e0'])
  // Record 1 is 3, of which one is superseded; 2 is refused with all its rows; of 4 one is left out, and all of 3.
  expect(run.counts).toMatchObject({ read: 5, derived: 4, loaded: 5, superseded: 1, filtered: 2, quarantined: 1 })
  const { rows } = await store.client.query(
    `SELECT convert_from(raw, 'utf8') AS raw, errors -> 0 ->> 'code' AS code FROM headgate.quarantine WHERE last_run = $1`,
    [run.id],
  )
  expect(rows).toEqual([{ raw: '2,x-z-y', code: 'destination.check' }])
  expect(await faultsInBooks(store.client)).toEqual([])
})

test('Keys that only the database considers equal leave one row, whichever way they are loaded', async () => {
  await store.client.query(`CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
  await store.client.query(
    `CREATE TABLE many_blind (id bigint, tags text COLLATE blind, place bigint NOT NULL, _run bigint, _pos bigint, PRIMARY KEY (id, tags))`,
  )
  const run = await load('many_blind', 'Upsert', 'PerBatch', '1,a-A\n2,B-b\n')
  expect(run.rows).toEqual(['1a0', '2b1'])
  expect(run.counts).toMatchObject({ read: 2, derived: 2, loaded: 2, superseded: 2 })
})

test('The key may have a field that a transformer makes', async () => {
  await store.client.query('CREATE TABLE many_made (id bigint, tags text, place bigint, _run bigint, _pos bigint, PRIMARY KEY (id, place))')
  const run = await load('many_made', 'Upsert', 'PerBatch', '1,a-b-a\nx,c\n', '[id, place]')
  expect(run.rows).toEqual(['1a0', '1b1', '1a2'])
  expect(run.counts).toMatchObject({ read: 2, derived: 2, loaded: 3, superseded: 0, quarantined: 1 })
})
