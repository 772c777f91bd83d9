// Names and values that look like SQL are data; what is secret stays out of history and errors.
import { expect, test } from 'vitest'
import { runPipeline } from '../../cli/local/run-pipeline.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { freshStore } from '../support/store.ts'
import { type Destination, deliver, scratchFolder, written } from './delivery.ts'

const store = await freshStore()
const folder = scratchFolder()
let runs = 0
const manner = { workers: 1, batchSize: 10 }

const schema = `Robert'); DROP SCHEMA headgate; --`
const table = 'SELECT * FROM x; %s $1 :x \\'
const columns = [`Id; DROP TABLE x`, `Na'me`, '$1', 'select', 'ÄÖ ü']
const values = [`'; DROP SCHEMA headgate CASCADE; --`, `$1`, `\\.`, `\\N`, `NULL`, `{"a": 1}`, `a\tb`, `%s`, `x'`, `E'\\\\'`]

function spec(destination: Omit<Destination, 'table'>): PipelineSpec {
  const [key, ...others] = columns as [string, ...string[]]
  return {
    source: { files: { paths: ['feed.csv'] } },
    format: { csv: {} },
    schema: { primaryKey: [key], fields: [{ name: key, type: 'text' }, ...others.map((name) => ({ name, type: 'text' as const, nullable: true }))] },
    destination: { postgres: { table: `${schema}.${table}`, createTable: true, ...destination } },
  }
}

const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const csv = [columns.map(quoted), ...values.map((value, row) => [`${row}${value}`, ...columns.slice(1).map(() => value)].map(quoted))]
  .map((cells) => cells.join())
  .join('\n')

test.each<Omit<Destination, 'table'>>([
  { mode: 'Upsert', publish: 'PerBatch' },
  { mode: 'Upsert', publish: 'PerBatch' },
  { mode: 'Upsert', publish: 'PerRun' },
  { mode: 'Replace' },
  { mode: 'Snapshot', onMissing: 'Mark' },
  { mode: 'Snapshot' },
])('SQL in the names of schema, table and columns, and in values, is data: %j', async (destination) => {
  const place = written(folder, 'names', { 'feed.csv': csv })
  const run = await deliver(store, { name: `names-${++runs}`, pipeline: `p'"; DROP`, folder: place, spec: spec(destination), manner })
  expect(run.failure).toBeUndefined()
  const { rows } = await store.client.query({
    text: `SELECT ${columns.map(quoted).join()} FROM ${quoted(schema)}.${quoted(table)} ORDER BY 1`,
    rowMode: 'array',
  })
  const expected = values.map((value, row) => [`${row}${value}`, ...columns.slice(1).map(() => value)])
  expect(rows).toEqual(expected.sort(([one], [other]) => ((one as string) < (other as string) ? -1 : 1)))
})

async function everythingKept(): Promise<string> {
  const { rows } = await store.client.query(
    `SELECT (SELECT string_agg(to_jsonb(run)::text, ' ') FROM headgate.run) || coalesce((SELECT string_agg(to_jsonb(e)::text, ' ') FROM headgate.run_event AS e), '')
      || coalesce((SELECT string_agg(errors::text, ' ') FROM headgate.quarantine), '') AS kept`,
  )
  return rows[0]?.kept as string
}

test('Values of a sensitive field are in no error and no history, whichever check they fail', async () => {
  const place = written(folder, 'secret', {
    'feed.csv':
      'id,pin,born,mail\n1,hush-pin,2000-01-01,a@b.example\n2,1,hush-day,a@b.example\n3,1,2000-01-01,hush-mail\n4,hush"quote,x,y\n5,99,2000-01-01,a@b.example\n',
  })
  const sensitive = true
  const fields: PipelineSpec['schema']['fields'] = [
    { name: 'id', type: 'integer' },
    { name: 'pin', type: 'integer', max: 50, sensitive },
    { name: 'born', type: 'date', sensitive },
    { name: 'mail', type: 'text', format: 'email', sensitive },
  ]
  const rules = [{ name: 'small', expression: 'record.pin < 10' }]
  const run = await deliver(store, {
    name: 'secret',
    pipeline: 'secret',
    folder: place,
    spec: {
      source: { files: { paths: ['feed.csv'] } },
      format: { csv: {} },
      schema: { fields, rules },
      destination: { postgres: { table: 'secret', mode: 'Append', createTable: true } },
    },
    manner,
  })
  expect(run.counts).toMatchObject({ read: 5, quarantined: 5 })
  const kept = await everythingKept()
  expect(kept).toContain('***')
  expect(kept).not.toContain('hush')
  expect(kept).not.toContain('"99"')
})

test('The password of the database is in no error and no history', async () => {
  const place = written(folder, 'password', { 'feed.csv': 'id\n1\n' })
  const pipeline = {
    apiVersion: 'headgate.dev/v1alpha1' as const,
    kind: 'Pipeline' as const,
    metadata: { name: 'password' },
    spec: {
      source: { files: { paths: ['feed.csv'] } },
      format: { csv: {} },
      schema: { fields: [{ name: 'id', type: 'integer' as const }] },
      destination: { postgres: { table: 'missing', mode: 'Append' as const } },
    },
  }
  // The server's own password, or, where it asks for none, any.
  const password = new URL(store.url).password || 'hush-password'
  const url = Object.assign(new URL(store.url), { password }).href
  const options = { pipeline, file: `${place}/pipeline.yaml`, signal: new AbortController().signal, now: new Date() }
  const report = await runPipeline({ ...options, databaseUrl: url })
  expect(report.run.failure?.code).toBe('DestinationMissing')
  expect(JSON.stringify(report) + (await everythingKept())).not.toContain(password)
  const down = Object.assign(new URL(url), { port: '1' }).href
  const error = await runPipeline({ ...options, databaseUrl: down }).catch((thrown: Error) => thrown)
  expect(String((error as Error).stack)).not.toContain(password)
})
