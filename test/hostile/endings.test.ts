// How runs end when their parts misbehave: plugins that throw nonsense, roles that may not clean up.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { listEvents } from '../../store/runs.ts'
import { deliver, scratchFolder, written } from '../property/delivery.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const folder = scratchFolder()
const manner = { workers: 1, batchSize: 10 }
let runs = 0

const sdk = join(import.meta.dirname, '../../sdk/index.ts')

function specFor(table: string, more: Partial<PipelineSpec> = {}): PipelineSpec {
  return {
    source: { files: { paths: ['feed.csv'] } },
    format: { csv: {} },
    schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }] },
    destination: { postgres: { table, createTable: true } },
    ...more,
  }
}

function place(files: Record<string, string> = {}): string {
  return written(folder, `run-${++runs}`, { 'feed.csv': 'id\n1\n2\n', ...files })
}

const nonsense = [
  ['undefined', 'undefined', /undefined was thrown/],
  ['null', 'null', /null was thrown/],
  ['a text', `'boom'`, /"boom" was thrown/],
  ['a frozen error', `Object.freeze(new Error('frozen'))`, /frozen/],
  ['an object whose message cannot be read', `{ get message() { throw new Error('no') } }`, /cannot be read/],
  ['an error with a null character', `new Error('a\\0b')`, /a␀b/],
] as const

test.each(nonsense)('A transformer that throws %s fails the run, with what was thrown', async (what, thrown, message) => {
  const name = `transform ${what}`
  const module = `import { Transformer } from '${sdk}'\nexport default class extends Transformer { transform() { throw ${thrown} } }`
  const spec = specFor(`public.t${++runs}`, { transform: [{ plugin: { module: './plugin.ts' } }] })
  const run = await deliver(store, { name, pipeline: name, folder: place({ 'plugin.ts': module }), spec, manner })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'Internal', retryable: false, message: expect.stringMatching(message) } })
})

test.each(nonsense)(
  'A loader that throws %s within its transaction fails the run, and so does its clean-up only by an event',
  async (what, thrown, message) => {
    const name = `load ${what}`
    const module = `import { Loader } from '${sdk}'
    export default class extends Loader {
      async load() { throw ${thrown} }
      async discard() { throw ${thrown} }
    }`
    const spec = specFor('unused', { destination: { plugin: { module: './plugin.ts' } } })
    const run = await deliver(store, { name, pipeline: name, folder: place({ 'plugin.ts': module }), spec, manner })
    expect(run).toMatchObject({ state: 'Failed', failure: { code: 'Internal', retryable: false, message: expect.stringMatching(message) } })
    expect(await listEvents(store.client, run.id)).toEqual([expect.objectContaining({ code: 'CleanUpFailed', message: expect.stringMatching(message) })])
  },
)

test('A failed run ends although the clean-up of its loader never returns', async () => {
  const module = `import { Loader } from '${sdk}'
    export default class extends Loader {
      async load() { throw new Error('refused') }
      async discard() { await new Promise(() => {}) }
    }`
  const spec = specFor('unused', { destination: { plugin: { module: './plugin.ts' } } })
  const run = await deliver(store, { name: 'hanging', pipeline: 'hanging', folder: place({ 'plugin.ts': module }), spec, manner })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'Internal', message: 'unexpected: refused' } })
  expect(await listEvents(store.client, run.id)).toEqual([expect.objectContaining({ code: 'CleanUpFailed', message: expect.stringContaining('longer than') })])
})

test('A role that may not clean up headgate_stage fails its run for the run’s own reason, and can run again', async () => {
  await store.client.query(`
    CREATE SCHEMA IF NOT EXISTS headgate_stage;
    CREATE TABLE headgate_stage.run_999999 (id bigint);
    CREATE ROLE ending_loader LOGIN PASSWORD 'x';
    GRANT USAGE ON SCHEMA headgate TO ending_loader;
    GRANT ALL ON ALL TABLES IN SCHEMA headgate TO ending_loader;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA headgate TO ending_loader;
    INSERT INTO headgate.tenant (role, namespace) VALUES ('ending_loader', '*');
    CREATE TABLE public.guarded (id bigint PRIMARY KEY, _run bigint, _pos bigint);
    GRANT ALL ON public.guarded TO ending_loader`)
  const url = new URL(store.url)
  url.username = 'ending_loader'
  url.password = 'x'
  const spec = specFor('public.guarded', { quality: { minRecords: 3 } })
  const restricted = { ...store, url: url.href }
  for (const attempt of [1, 2]) {
    const run = await deliver(restricted, { name: `guarded-${attempt}`, pipeline: 'guarded', folder: place(), spec, manner })
    expect(run).toMatchObject({ state: 'Failed', failure: { code: 'QualityGate' } })
    expect(await listEvents(store.client, run.id)).toEqual([])
  }
  await store.client.query('DROP OWNED BY ending_loader; DROP ROLE ending_loader; DROP TABLE headgate_stage.run_999999')
})

test('A run ends with the batch that exceeds the limit of rejects, and keeps the records rejected so far', async () => {
  const lines = Array.from({ length: 100 }, (_, line) => (line % 2 === 0 ? 'bad' : String(line)))
  const spec = specFor('public.braked', { quality: { maxRejected: 11 } })
  const run = await deliver(store, { name: 'braked', pipeline: 'braked', folder: place({ 'feed.csv': `id\n${lines.join('\n')}\n` }), spec, manner })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'QualityGate', retryable: false }, counts: { read: 30, quarantined: 15 } })
})

test('A run that rejects every record fails', async () => {
  const spec = specFor('public.all_rejected')
  const run = await deliver(store, { name: 'all', pipeline: 'all', folder: place({ 'feed.csv': 'id\nbad\nworse\n' }), spec, manner })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'QualityGate', message: expect.stringContaining('all 2 records') } })
})

test.each(['0', '1.5', '"4"'])('A plan whose slices say leastRecordBytes: %s is refused', async (said) => {
  const name = `least ${said}`
  const module = `import { RecordExtractor } from '${sdk}'
    export default class extends RecordExtractor {
      async *plan() { yield { input: 0, name: 'all', spec: null, bytes: 100, leastRecordBytes: ${said} } }
      *records() { yield { id: '1' } }
    }`
  const spec = { ...specFor('public.least', { source: { plugin: { module: './plugin.ts' } } }), format: undefined }
  const run = await deliver(store, { name, pipeline: name, folder: place({ 'plugin.ts': module }), spec: JSON.parse(JSON.stringify(spec)), manner })
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'InvalidPlan', message: expect.stringContaining('leastRecordBytes') } })
})
