import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { createRun, startRun } from '../../store/runs.ts'
import { freshStore } from '../../test/support/store.ts'
import type { SliceProgress } from '../coordination/coordination.ts'
import { LocalCoordination } from '../coordination/local.ts'
import { runWorker } from './worker.ts'

const { client, url } = await freshStore()
const folder = mkdtempSync(join(tmpdir(), 'headgate-live-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let number = 0

/** Runs a pipeline with batches of two records. Returns its progress reports, the ended run and its row in run_summary. */
async function runReporting(spec: Omit<PipelineSpec, 'destination'>) {
  const name = `live-${++number}`
  // The table has a row, because rows for an empty table would be staged and counted only when they are published.
  await client.query(`CREATE TABLE live_${number} (id bigint PRIMARY KEY, v text, _run bigint, _pos bigint); INSERT INTO live_${number} VALUES (99)`)
  const destination = { postgres: { table: `public.live_${number}` } }
  const run = await createRun(client, { name, pipeline: name, spec: { ...spec, destination }, workers: 1, batchSize: 2 })
  await startRun(client, run.id)
  const reports: SliceProgress[] = []
  const coordination = new LocalCoordination({ onProgress: (progress) => reports.push(progress) })
  const ended = await runWorker({ run, folder, databaseUrl: url, coordination, signal: new AbortController().signal })
  const { rows } = await client.query('SELECT read, loaded, superseded FROM headgate.run_summary WHERE id = $1', [run.id])
  return { reports, ended, summary: Object.fromEntries(Object.entries(rows[0]).map(([key, value]) => [key, Number(value)])) }
}

const field = { name: 'v', type: 'text' } as const
const schema: PipelineSpec['schema'] = { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }, field] }

test('A row that a later record of the run overwrites counts as superseded at once, also in a run that fails', async () => {
  writeFileSync(join(folder, 'orders.csv'), 'id,v\n1,a\n2,a\n1,b\n2,b\n1,c\n3,a\nx,a\n')
  const spec = { source: { files: { paths: ['orders.csv'] } }, format: { csv: {} }, schema, quality: { maxRejectedRatio: '0.01' } }
  const { reports, ended, summary } = await runReporting(spec)
  const counts = reports.map(({ read, loaded, superseded }) => [read, loaded, superseded])
  expect(counts.slice(0, 3)).toEqual([
    [2, 2, 0],
    [4, 2, 2],
    [6, 3, 3],
  ])
  expect(ended).toMatchObject({ state: 'Failed', counts: { read: 7, loaded: 3, superseded: 3, quarantined: 1 } })
  expect(summary).toEqual({ read: 7, loaded: 3, superseded: 3 })
})

test('The totals of a run that succeeds equal its last progress report', async () => {
  writeFileSync(join(folder, 'orders.csv'), 'id,v\n1,a\n2,a\n1,b\n2,b\n1,c\n3,a\n')
  const { reports, ended } = await runReporting({ source: { files: { paths: ['orders.csv'] } }, format: { csv: {} }, schema })
  expect(ended).toMatchObject({ state: 'Succeeded', counts: { read: 6, loaded: 3, superseded: 3 } })
  expect(reports.at(-1)).toMatchObject({ read: 6, loaded: 3, superseded: 3 })
})

test('The position of a plugin is not reported if a field is sensitive, because the position may be a value of that field', async () => {
  const sdk = JSON.stringify(join(import.meta.dirname, '../../sdk/index.ts'))
  writeFileSync(
    join(folder, 'source.ts'),
    `import { RecordExtractor } from ${sdk}\nexport default class extends RecordExtractor { *records() { yield { id: '1', v: 'a' } } }\n`,
  )
  const source = { plugin: { module: './source.ts' } }
  const open = await runReporting({ source, schema })
  const secret = await runReporting({ source, schema: { ...schema, fields: [{ name: 'id', type: 'integer', sensitive: true }, field] } })
  expect(open.reports.some((report) => 'position' in report)).toBe(true)
  expect(secret.reports.some((report) => 'position' in report)).toBe(false)
})
