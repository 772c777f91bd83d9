// Deliveries that are not what they should be: error pages, archives, renamed, missing and mixed columns. None of them costs a value that is there.
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Run } from '../../store/runs.ts'
import { type Destination, deliver, scratchFolder, written } from '../property/delivery.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const folder = scratchFolder()
let pipelines = 0

type Schema = Partial<PipelineSpec['schema']>
type Files = Record<string, string | Buffer>

const fields: PipelineSpec['schema']['fields'] = [
  { name: 'id', type: 'integer' },
  { name: 'name', type: 'text' },
  { name: 'phone', type: 'text', nullable: true },
]

/** A pipeline of its own, delivered to as often as asked; its table has a default for the phone. */
function feed(destination: Partial<Destination> = {}, schema: Schema = {}, format: PipelineSpec['format'] = { csv: {} }) {
  const pipeline = `delivery-${++pipelines}`
  const table = `hostile.t${pipelines}`
  const spec: PipelineSpec = {
    source: { files: { paths: ['*.csv'] } },
    format,
    schema: { primaryKey: ['id'], fields, ...schema },
    destination: { postgres: { table, createTable: true, ...destination } },
    retry: { limit: 1, backoff: { initial: '10ms' } },
  }
  let deliveries = 0
  return {
    deliver: (files: Files, manner = { workers: 1, batchSize: 1000 }): Promise<Run> => {
      const name = `${pipeline}.${++deliveries}`
      return deliver(store, { name, pipeline, folder: written(folder, name, files), spec, manner })
    },
    rows: async () => (await store.client.query(`SELECT id::int, name, phone FROM ${table} ORDER BY id, name`)).rows.map((row) => Object.values(row)),
    events: async () =>
      (await store.client.query(`SELECT message FROM headgate.run_event JOIN headgate.run ON run.id = run WHERE pipeline = $1`, [pipeline])).rows,
    table,
  }
}

const good = 'id,name,phone\n1,Ann,555\n2,Bob,777\n'
const there = [
  [1, 'Ann', '555'],
  [2, 'Bob', '777'],
]

const modes = ['Upsert', 'Snapshot', 'Replace', 'Append'] as const
const wrong: [what: string, code: string, bytes: string | Buffer][] = [
  ['an error page of one line', 'MissingField', '404 Not Found'],
  ['an error in JSON', 'MissingField', '{"error": "rate limit"}\n'],
  ['a web page', 'ForeignFormat', '<html><body>503 Service Unavailable</body></html>'],
  ['an archive', 'ForeignFormat', Buffer.from('PK\x03\x04\x14\0\x08\0\x08\0xl/workbook.xml', 'latin1')],
  ['a header with a renamed key and no record', 'MissingField', 'ident,name,phone\n'],
  ['a header without a required field and no record', 'MissingField', 'id,phone\n'],
  ['another delimiter', 'MissingField', good.replaceAll(',', ';')],
  ['UTF-16 without a byte order mark', 'MissingField', Buffer.from(good, 'utf16le')],
  ['a packed error page', 'MissingField', gzipSync('Not Found\n')],
  ['blank lines', 'InvalidHeader', '\n\n\n'],
]

test.each(modes.flatMap((mode) => wrong.map(([what, code, bytes]) => ({ mode, what, code, bytes }))))('$mode fails on $what', async ({ mode, code, bytes }) => {
  const { deliver, rows } = feed({ mode })
  expect(await deliver({ 'in.csv': good })).toMatchObject({ state: 'Succeeded' })
  expect(await deliver({ 'in.csv': bytes })).toMatchObject({ state: 'Failed', failure: { code, retryable: false }, counts: { read: 0 } })
  expect(await rows()).toEqual(there)
})

test('Nothing is loaded if one of several files is wrong', async () => {
  const { deliver, rows } = feed()
  await deliver({ 'in.csv': good })
  const run = await deliver({ '1.csv': 'id,name,phone\n1,Eve,0\n', '2.csv': 'nr,name,phone\n3,Cid,1\n' })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'MissingField', message: expect.stringContaining('2.csv has no field "id"') } })
  expect(await rows()).toEqual(there)
})

test('A similar name is suggested, with its invisible characters shown', async () => {
  const message = async (header: string) => (await feed().deliver({ 'in.csv': `${header}\n` })).failure?.message
  expect(await message('ID,Name,phone')).toContain('"ID" looks like "id": if it is meant, declare from: "ID"')
  expect(await message('id,\u200bname,phone')).toContain(String.raw`"\u200bname" looks like "name"`)
  expect(await message('i\u00a0d,name,phone')).toContain(String.raw`"i\u00a0d" looks like "id"`)
})

test('Undeclared fields fail the run if the policy says so, even without a record', async () => {
  const run = await feed({}, { unknownFields: 'reject' }).deliver({ 'in.csv': 'id,name,phone,zzz\n' })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'UnknownField', message: expect.stringContaining('in.csv has "zzz"') } })
})

test('A run fails if no declared field is found, even if all are nullable', async () => {
  const nullable = fields.map((field) => ({ ...field, nullable: true }))
  for (const missingFields of ['nullify', 'reject'] as const) {
    const { deliver } = feed({ mode: 'Append' }, { primaryKey: undefined, fields: nullable, missingFields } as unknown as Schema)
    expect(await deliver({ 'in.csv': good.replaceAll(',', ';') })).toMatchObject({ state: 'Failed', failure: { code: 'MissingField' }, counts: { read: 0 } })
  }
})

test('An empty file and a file with only the header are deliveries of no records', async () => {
  const { deliver, rows } = feed()
  expect(
    await deliver({ '1.csv': 'id,name,phone\n1,Ann,555\n', '2.csv': '', '3.csv': 'id,name,phone\n', '4.csv': 'id,name,phone\n2,Bob,777\n' }),
  ).toMatchObject({
    state: 'Succeeded',
    counts: { read: 2, loaded: 2 },
  })
  expect(await rows()).toEqual(there)
})

test.each([
  ['Upsert', 'PerBatch'],
  ['Upsert', 'PerRun'],
  ['Snapshot', 'PerRun'],
] as const)('%s published %s keeps what is there in a column that the delivery lacks', async (mode, publish) => {
  const { deliver, rows, table } = feed({ mode, publish })
  await deliver({ 'in.csv': good })
  await store.client.query(`ALTER TABLE ${table} ALTER phone SET DEFAULT 'none'`)
  expect(await deliver({ 'in.csv': 'id,name\n1,Ann B\n2,Bob\n3,Cid\n' })).toMatchObject({ state: 'Succeeded', counts: { loaded: 2, unchanged: 1 } })
  expect(await rows()).toEqual([
    [1, 'Ann B', '555'],
    [2, 'Bob', '777'],
    [3, 'Cid', 'none'],
  ])
  // The column comes back: its values count again.
  expect(await deliver({ 'in.csv': 'id,name,phone\n1,Ann B,\n2,Bob,777\n3,Cid,999\n' })).toMatchObject({
    state: 'Succeeded',
    counts: { loaded: 2, unchanged: 1 },
  })
  expect(await rows()).toEqual([
    [1, 'Ann B', null],
    [2, 'Bob', '777'],
    [3, 'Cid', '999'],
  ])
})

test('Repeated keys, several slices and a table that the run creates keep columns as well', async () => {
  const { deliver, rows } = feed()
  expect(await deliver({ 'in.csv': 'id,name\n1,A\n1,B\n' })).toMatchObject({ state: 'Succeeded', counts: { loaded: 1, superseded: 1 } })
  await store.client.query(`UPDATE hostile.t${pipelines} SET phone = '555'`)
  const lines = Array.from({ length: 300 }, (_, line) => `1,${line}\n`).join('')
  expect(await deliver({ '1.csv': `id,name\n${lines}`, '2.csv': 'name,id\nlast,1\n' }, { workers: 3, batchSize: 7 })).toMatchObject({ state: 'Succeeded' })
  expect(await rows()).toEqual([[1, 'last', '555']])
})

test('A missing field is reported with a similar name', async () => {
  const { deliver, events } = feed()
  await deliver({ 'in.csv': good })
  await deliver({ 'in.csv': 'id,name,Phones\n1,Ann,5\n' })
  expect(await events()).toContainEqual({ message: expect.stringMatching(/in\.csv has no field "phone": existing rows keep .* "Phones" looks like "phone"/) })
})

test.each([
  ['schema.missingFields', { missingFields: 'reject' }],
  ['whenMissing', { fields: fields.map((field) => (field.name === 'phone' ? { ...field, whenMissing: 'reject' } : field)) }],
] as [string, Schema][])('A missing column is refused by %s', async (_by, schema) => {
  const { deliver, rows } = feed({}, schema)
  await deliver({ 'in.csv': good })
  const run = await deliver({ 'in.csv': 'id,name\n1,Ann B\n' })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'MissingField', message: expect.stringContaining('set whenMissing to keep or nullify') } })
  expect(await rows()).toEqual(there)
})

test('A missing column is null if declared so, and by default in modes without updates', async () => {
  const chosen = feed({}, { missingFields: 'nullify' })
  await chosen.deliver({ 'in.csv': good })
  expect(await chosen.deliver({ 'in.csv': 'id,name\n1,Ann\n' })).toMatchObject({ state: 'Succeeded', counts: { loaded: 1 } })
  expect(await chosen.rows()).toEqual([
    [1, 'Ann', null],
    [2, 'Bob', '777'],
  ])
  const replaced = feed({ mode: 'Replace' })
  await replaced.deliver({ 'in.csv': good })
  expect(await replaced.deliver({ 'in.csv': 'id,name\n1,Ann\n2,Bob\n' })).toMatchObject({ state: 'Succeeded' })
  expect(await replaced.events()).toContainEqual({ message: expect.stringContaining('no field for phone; it is loaded as null') })
})

test('Inputs of which only some have a kept field are refused, and loaded if the field is nullable', async () => {
  const files = { '1.csv': good, '2.csv': 'id,name\n1,Ann B\n' }
  const kept = feed()
  await kept.deliver({ 'in.csv': good })
  const run = await kept.deliver(files)
  expect(run).toMatchObject({
    state: 'Failed',
    failure: { code: 'MixedFields', message: expect.stringMatching(/1\.csv has the field "phone" and 2\.csv has not/) },
  })
  expect(await kept.rows()).toEqual(there)
  const nullified = feed({}, { missingFields: 'nullify' })
  expect(await nullified.deliver(files)).toMatchObject({ state: 'Succeeded' })
  expect(await nullified.rows()).toEqual([
    [1, 'Ann B', null],
    [2, 'Bob', '777'],
  ])
})

test('A record without a version loses to rows with one', async () => {
  const versioned = [...fields, { name: 'version', type: 'integer' as const, nullable: true }]
  const { deliver, rows } = feed({}, { versionField: 'version', fields: versioned })
  await deliver({ 'in.csv': 'id,name,phone,version\n1,Ann,555,3\n' })
  expect(await deliver({ 'in.csv': 'id,name,phone\n1,Old,000\n' })).toMatchObject({ state: 'Succeeded', counts: { superseded: 1 } })
  expect(await rows()).toEqual([[1, 'Ann', '555']])
})

test('Lines lost to a malformed record count, and are not loaded', async () => {
  const { deliver, rows } = feed()
  const run = await deliver({ 'in.csv': 'id,name,phone\n1,Ann,555\n3"x,"Cid\n7,inside,8\n9",\n2,Bob,777\n' }, { workers: 1, batchSize: 1 })
  expect(run).toMatchObject({ state: 'Succeeded', counts: { read: 5, loaded: 2, quarantined: 3 } })
  expect(await rows()).toEqual(there)
})

test('Surplus values that are dropped are counted', async () => {
  const { deliver, rows } = feed({}, {}, { csv: { ragged: 'truncate' } })
  const { id } = await deliver({ 'in.csv': 'id,name,phone\n1,Ann,555,\n2,Bob,777,888\n' })
  expect((await store.client.query('SELECT warnings FROM headgate.run WHERE id = $1', [id])).rows).toEqual([{ warnings: { 'csv.surplus': 1 } }])
  expect(await rows()).toEqual(there)
})
