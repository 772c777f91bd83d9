// Loaders of one's own: their plan, the quarantine entries that their loads close, and what they must not be able to do to a run.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Run } from '../../store/runs.ts'
import { deliver, scratchFolder, written } from '../property/delivery.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const folder = scratchFolder()
const sdk = join(import.meta.dirname, '../../sdk/index.ts')
let runs = 0

type Feed = { loader: string; files: Record<string, string>; more?: Partial<PipelineSpec>; workers?: number; extra?: Record<string, string> }

/** Runs the pipeline `name`, whose loader has these members. */
async function run(name: string, { loader, files, more = {}, workers = 1, extra = {} }: Feed): Promise<Run> {
  const spec: PipelineSpec = {
    source: { files: { paths: ['*.csv'] } },
    format: { csv: {} },
    schema: {
      primaryKey: ['id'],
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'size', type: 'decimal', nullable: true },
      ],
    },
    destination: { plugin: { module: './loader.ts' } },
    quality: { maxRejectedRatio: '1' },
    ...more,
  }
  const module = `import { Loader } from '${sdk}'\nexport default class extends Loader { ${loader} }`
  const place = written(folder, `run-${++runs}`, { ...files, 'loader.ts': module, ...extra })
  const ended = await deliver(store, { name: `${name} ${runs}`, pipeline: name, folder: place, spec, manner: { workers, batchSize: 2 } })
  expect(await faultsInBooks(store.client)).toEqual([])
  return ended
}

async function entries(pipeline: string): Promise<Record<string, string>> {
  const { rows } = await store.client.query(
    `SELECT string_agg(key ->> 'id' || ' ' || state, ', ' ORDER BY key ->> 'id') AS states FROM headgate.quarantine WHERE pipeline = $1`,
    [pipeline],
  )
  return rows[0].states
}

/** Loads nothing, and says it loaded everything. */
const taking = 'async load(batch) { return { loaded: batch.size, unchanged: 0, superseded: 0 } }'

describe('The plan of a loader', () => {
  it('reaches load, publish and discard of every worker as parsed JSON', async () => {
    await store.client.query('CREATE TABLE seen (step text, plan jsonb)')
    const note = (step: string) => `await tx.query('INSERT INTO seen VALUES ($1, $2)', ['${step}', JSON.stringify(plan)])`
    const loader = `
      async prepare(run, tx, { keptFields }) { return { stage: 'stage of ' + run.id, none: undefined, list: [1, null, keptFields] } }
      async load(batch, tx, run, plan) { ${note('load')}; return { loaded: batch.size, unchanged: 0, superseded: 0 } }
      async publish(run, tx, plan) { ${note('publish')}; return { loaded: 0, unchanged: 0, superseded: 0 } }
      async discard(run, tx, plan) { ${note('discard')} }`
    const files = { 'a.csv': 'id,size\n1,1\n', 'b.csv': 'id,size\n2,2\n' }
    const good = await run('planned', { loader, files, workers: 2 })
    const bad = await run('planned', { loader, files, workers: 2, more: { quality: { minRecords: 3 } } })
    expect([good.state, bad.state]).toEqual(['Succeeded', 'Failed'])
    // Both workers may discard.
    const { rows } = await store.client.query(
      `SELECT step, plan, CASE step WHEN 'discard' THEN 1 ELSE count(*)::int END AS times FROM seen GROUP BY 1, 2 ORDER BY plan, step DESC`,
    )
    const plan = ({ id }: Run) => ({ stage: `stage of ${id}`, list: [1, null, []] })
    expect(rows).toEqual([
      { step: 'publish', plan: plan(good), times: 1 },
      { step: 'load', plan: plan(good), times: 2 },
      { step: 'load', plan: plan(bad), times: 2 },
      { step: 'discard', plan: plan(bad), times: 1 },
    ])
  })

  it.each([
    ['a Date', 'new Date(0)', 'an object of a class'],
    ['a Map within', '{ tables: new Map([[1, 2]]) }', 'at tables is an object of a class'],
    ['a bigint', '{ last: [1n] }', 'at last.0 is of type bigint'],
    ['a number that is none', 'NaN', 'is NaN'],
    ['a function', '{ open() {} }', 'at open is of type function'],
    ['a cycle', '(() => { const a = {}; a.a = a; return a })()', 'nested deeper'],
    ['a null character', `'a\\0b'`, 'a text with a NUL'],
    ['half a character', `'\\ud800'`, 'half a surrogate pair'],
    ['an object with a say in its JSON', '{ toJSON() { return 1 } }', 'an object of a class'],
  ])('fails the run before anything is loaded if it is %s', async (_, plan, message) => {
    const ended = await run('nonsense', { loader: `async prepare() { return ${plan} }\n${taking}`, files: { 'a.csv': 'id\n1\n' } })
    expect(ended).toMatchObject({ state: 'Failed', failure: { code: 'InvalidPlan', message: expect.stringContaining(message), retryable: false } })
  })
})

describe('Loads close quarantine entries', () => {
  it('whose key a later run brings', async () => {
    await run('later', { loader: taking, files: { 'a.csv': 'id,size\n1,bad\n2,bad\n' } })
    expect(await entries('later')).toBe('1 open, 2 open')
    await run('later', { loader: taking, files: { 'a.csv': 'id,size\n01,1\n3,bad\n' } })
    expect(await entries('later')).toBe('1 superseded, 2 open, 3 open')
  })

  it('whose key a later record of the run brings, and no others', async () => {
    await run('within', { loader: taking, files: { 'a.csv': 'id,size\n1,bad\n2,2\n1,1\n2,bad\n', 'b.csv': 'id,size\n3,bad\n', 'c.csv': 'id,size\n3,3\n' } })
    expect(await entries('within')).toBe('1 superseded, 2 open, 3 superseded')
  })

  it('that an earlier slice makes after the good record was loaded', async () => {
    // Slice 0 waits until slice 1 is committed.
    const extractor = `import { createRequire } from 'node:module'
      import { setTimeout as sleep } from 'node:timers/promises'
      import { Extractor, ObjectBatch } from '${sdk}'
      const pg = createRequire('${import.meta.filename}')('pg')
      export default class extends Extractor {
        async *plan() { for (const input of [0, 1]) yield { input, name: 'slice ' + input, spec: input } }
        async *read({ input }, from, run) {
          const client = new pg.Client({ connectionString: this.config.url })
          await client.connect()
          const committed = 'SELECT FROM headgate.batch WHERE run = $1 AND slice = 1'
          for (let poll = 0; input === 0 && poll < 500 && (await client.query(committed, [run.id])).rows.length === 0; poll++) await sleep(20)
          await client.end()
          yield new ObjectBatch([{ id: '7', size: input === 0 ? 'bad' : '7' }], { firstOrder: 0, next: 1 })
        }
      }`
    const more = { source: { plugin: { module: './extractor.ts', config: { url: store.url } } } } as Partial<PipelineSpec>
    const ended = await run('disorder', {
      loader: taking,
      files: {},
      extra: { 'extractor.ts': extractor },
      workers: 2,
      more: { ...more, format: undefined as never },
    })
    expect(ended).toMatchObject({ state: 'Succeeded', counts: { loaded: 1, quarantined: 1 } })
    expect(await entries('disorder')).toBe('7 superseded')
    const { rows } = await store.client.query('SELECT accepted_keys FROM headgate.batch WHERE run = $1 AND accepted_keys IS NOT NULL', [ended.id])
    expect(rows).toEqual([])
  })

  it('only when they are published, if the loader stages them', async () => {
    const loader = `
      async prepare(run, tx) {
        await tx.query('CREATE TABLE IF NOT EXISTS my_stage (id bigint, _pos bigint)')
        return { stage: 'my_stage' }
      }
      async load(batch, tx, run, { stage }) {
        for (let i = 0; i < batch.size; i++) await tx.query('INSERT INTO ' + stage + ' VALUES ($1, $2)', [batch.record(i).id, batch.recordOrder(i)])
        return { loaded: batch.size, unchanged: 0, superseded: 0 }
      }
      async publish(run, tx, { stage }) { await tx.query('DROP TABLE ' + stage); return { loaded: 0, unchanged: 0, superseded: 0 } }
      async discard(run, tx, { stage }) { await tx.query('DROP TABLE IF EXISTS ' + stage) }
      acceptedKeys({ stage }) { return { columns: [{ name: 'id', type: 'bigint' }], run: { schema: 'public', name: stage } } }`
    await run('staged', { loader, files: { 'a.csv': 'id,size\n1,bad\n' } })
    const good = { 'a.csv': 'id,size\n1,1\n' }
    expect((await run('staged', { loader, files: good, more: { quality: { minRecords: 2 } } })).state).toBe('Failed')
    expect(await entries('staged')).toBe('1 open')
    expect((await run('staged', { loader, files: good })).state).toBe('Succeeded')
    expect(await entries('staged')).toBe('1 superseded')
  })

  it('but not if a transformer removed the key, which rejects the record', async () => {
    await run('changed', { loader: taking, files: { 'a.csv': 'id,size\n1,bad\n' } })
    const transform = `import { RecordTransformer } from '${sdk}'\nexport default class extends RecordTransformer { map() { return { id: undefined } } }`
    const more: Partial<PipelineSpec> = { transform: [{ plugin: { module: './transform.ts' } }] }
    await run('changed', { loader: taking, files: { 'a.csv': 'id,size\n1,1\n' }, more, extra: { 'transform.ts': transform } })
    expect(await entries('changed')).toBe('1 open, 1 open')
  })
})

it('A loader whose statement the database refuses fails the run with the database’s message', async () => {
  await store.client.query('CREATE TABLE narrow (id bigint CHECK (id < 2))')
  const loader = `async load(batch, tx) {
    for (let i = 0; i < batch.size; i++) await tx.query('INSERT INTO narrow VALUES ($1)', [batch.record(i).id])
    return { loaded: batch.size, unchanged: 0, superseded: 0 }
  }`
  const ended = await run('refused', { loader, files: { 'a.csv': 'id,size\n1,1\n2,2\n' } })
  expect(ended).toMatchObject({ state: 'Failed', failure: { code: 'DestinationRefused', message: expect.stringContaining('narrow_id_check') } })
  expect((await store.client.query('SELECT FROM narrow')).rows).toEqual([])
})

it('A loader with methods named like built-in ones is treated as a plugin', async () => {
  const own = ['columns', 'reapply', 'publishing', 'discardAbandoned'].map((name) => `${name}() { throw new Error('not for the engine') }`)
  const ended = await run('namesakes', { loader: `${own.join('\n')}\n${taking}`, files: { 'a.csv': 'id,size\n1,1\n' } })
  expect(ended).toMatchObject({ state: 'Succeeded', counts: { loaded: 1 } })
})

it.each([
  ['a slice', `yield { input: 0, name: 'a', spec: new Set() }`, 'null', 'InvalidPlan'],
  ['a position', `yield { input: 0, name: 'a', spec: 1 }`, '{ since: new Date(0) }', 'InvalidPosition'],
])('An extractor that describes %s by what JSON does not keep fails the run', async (_, plan, next, code) => {
  const extractor = `import { Extractor, ObjectBatch } from '${sdk}'
    export default class extends Extractor {
      async *plan() { ${plan} }
      async *read() { yield new ObjectBatch([{ id: '1' }], { firstOrder: 0, next: ${next} }) }
    }`
  const more = { source: { plugin: { module: './extractor.ts' } }, format: undefined as never }
  const ended = await run('indescribable', { loader: taking, files: {}, extra: { 'extractor.ts': extractor }, more })
  expect(ended).toMatchObject({ state: 'Failed', failure: { code, message: expect.stringContaining('an object of a class') } })
})
