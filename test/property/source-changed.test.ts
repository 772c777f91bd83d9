// A source that changes while a run works on it fails the run with SourceChanged; with publish PerRun nothing of it is ever seen.
import { appendFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { freshStore } from '../support/store.ts'
import { changes } from './assembly.ts'
import { type Destination, deliver, scratchFolder, written } from './delivery.ts'

const store = await freshStore()
const folder = scratchFolder()
let runs = 0

afterEach(() => {
  changes.beforeReading = undefined
})

function spec(table: string, destination: Omit<Destination, 'table'>): PipelineSpec {
  return {
    source: { files: { paths: ['a.csv', 'b.csv'] } },
    format: { csv: {} },
    schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }] },
    destination: { postgres: { table, createTable: true, ...destination } },
  }
}

const content = ['id', ...Array.from({ length: 50 }, (_, id) => String(id)), ''].join('\n')
const other = content.replace('49', '48')

/** Which slice is about to be read when the file of the first changes: the first (planned, not read), or the second (read, not finished). */
const moments = [
  { when: 'between plan and read', input: 0 },
  { when: 'between read and finish', input: 1 },
]
const alterations: [string, (file: string) => void][] = [
  ['is appended to', (file) => appendFileSync(file, '50\n')],
  ['gets other bytes of the same length', (file) => writeFileSync(file, other)],
  ['is written again as it was', (file) => utimesSync(file, new Date(), new Date(Date.now() + 5000))],
]
const destinations: Omit<Destination, 'table'>[] = [
  { mode: 'Upsert', publish: 'PerRun' },
  { mode: 'Append', publish: 'PerRun' },
  { mode: 'Replace' },
  { mode: 'Snapshot' },
]
const cases = moments.flatMap((moment) => alterations.map(([how, alter]) => ({ ...moment, how, alter })))

test.each(cases)('A file that $how $when fails the run, and none of its records is published', async ({ input, alter }) => {
  for (const destination of destinations) {
    const table = `changed.t${++runs}`
    await store.client.query(
      `CREATE SCHEMA IF NOT EXISTS changed; CREATE TABLE ${table} (id bigint PRIMARY KEY, _run bigint, _pos bigint); INSERT INTO ${table} VALUES (1000)`,
    )
    const place = written(folder, `run-${runs}`, { 'a.csv': content, 'b.csv': content })
    changes.beforeReading = async (slice) => {
      if (slice.input === input) alter(join(place, 'a.csv'))
    }
    const run = await deliver(store, {
      name: `run-${runs}`,
      pipeline: `p${runs}`,
      folder: place,
      spec: spec(table, destination),
      manner: { workers: 1, batchSize: 10 },
    })
    expect(run).toMatchObject({ state: 'Failed', failure: { code: 'SourceChanged', retryable: false, message: expect.stringContaining('a.csv') } })
    expect((await store.client.query(`SELECT id::int FROM ${table}`)).rows).toEqual([{ id: 1000 }])
    expect((await store.client.query(`SELECT FROM pg_tables WHERE schemaname = 'headgate_stage'`)).rowCount).toBe(0)
  }
})

test.each(moments)('A file that is deleted $when fails the run until it exists again, and none of its records is published', async ({ input }) => {
  const table = `changed.t${++runs}`
  await store.client.query(`CREATE SCHEMA IF NOT EXISTS changed; CREATE TABLE ${table} (id bigint PRIMARY KEY, _run bigint, _pos bigint)`)
  const place = written(folder, `run-${runs}`, { 'a.csv': content, 'b.csv': content })
  changes.beforeReading = async (slice) => {
    if (slice.input === input) rmSync(join(place, 'a.csv'), { force: true })
  }
  const run = await deliver(store, {
    name: `run-${runs}`,
    pipeline: `p${runs}`,
    folder: place,
    spec: { ...spec(table, { mode: 'Upsert', publish: 'PerRun' }), retry: { limit: 1, backoff: { initial: '10ms' } } },
    manner: { workers: 1, batchSize: 10 },
  })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'SourceUnavailable', retryable: true, message: expect.stringContaining('a.csv') } })
  expect((await store.client.query(`SELECT FROM ${table}`)).rowCount).toBe(0)
})
