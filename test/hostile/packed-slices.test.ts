// Slices of several inputs: each record keeps the input it came from, wherever it ends up.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { recordOrder } from '../../sdk/record-order.ts'
import type { Run } from '../../store/runs.ts'
import { deliver, scratchFolder, written } from '../property/delivery.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const folder = scratchFolder()
const sdk = join(import.meta.dirname, '../../sdk/index.ts')
let runs = 0

type Feed = { inputs: Record<string, string[]>; batchSize?: number; more?: Partial<PipelineSpec>; members?: string }

/** One run over inputs of lines `id name`, all in one slice. A position is the ordinal of the input that comes next. */
async function run(table: string, { inputs, batchSize = 100, more = {}, members = '' }: Feed): Promise<Run> {
  const extractor = `import { Extractor, HeadgateError, ObjectBatch } from '${sdk}'
    const inputs = ${JSON.stringify(inputs)}
    const names = Object.keys(inputs)
    export default class extends Extractor {
      async *plan() { yield { input: 0, name: names.length + ' feeds', inputs: names, spec: null } }
      async *read(slice, from = 0) {
        for (let input = from; input < names.length; input++) {
          const records = inputs[names[input]].map((line) => ({ id: line.split(' ')[0], name: line.split(' ')[1] }))
          const batch = new ObjectBatch(records, { firstOrder: 0, next: input + 1, fields: ['id', 'name'] })
          batch.input = input
          yield batch
        }
      }
      ${members}
    }`
  const spec: PipelineSpec = {
    source: { plugin: { module: './extractor.ts' } },
    schema: {
      primaryKey: ['id'],
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'name', type: 'text', nullable: true },
      ],
    },
    destination: { postgres: { table, createTable: true } },
    ...more,
  }
  const place = written(folder, `run-${++runs}`, { 'extractor.ts': extractor })
  const ended = await deliver(store, { name: `${table} ${runs}`, pipeline: table, folder: place, spec, manner: { workers: 1, batchSize } })
  expect(await faultsInBooks(store.client)).toEqual([])
  return ended
}

async function rows(table: string): Promise<unknown[]> {
  return (await store.client.query(`SELECT id::int, name, _pos::text AS pos FROM ${table} ORDER BY _pos`)).rows
}

async function rejects(pipeline: string): Promise<unknown[]> {
  const { rows } = await store.client.query(
    `SELECT input, position::int, pos::text, occurrences, (SELECT array_agg(record_order::text ORDER BY record_order) FROM headgate.quarantine_occurrence WHERE quarantine = id) AS places
    FROM headgate.quarantine WHERE pipeline = $1 ORDER BY pos`,
    [pipeline],
  )
  return rows
}

const at = (input: number, order: number) => String(recordOrder(input, order))

describe('a slice of several inputs', () => {
  it('gives each row its own input, and the later of two records with one key wins', async () => {
    const ended = await run('positions', { inputs: { 'a.csv': ['1 a', '2 a'], 'b.csv': ['2 b', '3 b'], 'c.csv': [], 'd.csv': ['1 d'] } })
    expect(ended).toMatchObject({ state: 'Succeeded', counts: { read: 5, loaded: 3, superseded: 2 } })
    expect(await rows('positions')).toEqual([
      { id: 2, name: 'b', pos: at(1, 0) },
      { id: 3, name: 'b', pos: at(1, 1) },
      { id: 1, name: 'd', pos: at(3, 0) },
    ])
    const { rows: batches } = await store.client.query('SELECT input, last_input, first_order::int, last_order::int FROM headgate.batch WHERE run = $1', [
      ended.id,
    ])
    expect(batches).toContainEqual({ input: 0, last_input: 3, first_order: 0, last_order: 0 })
  })

  it('stores rejected records under the name of their input, one entry for equal records', async () => {
    await run('rejects', { inputs: { 'a.csv': ['1 a', 'x same'], 'b.csv': ['x same', 'y b'], 'c.csv': ['2 c'] } })
    expect(await rejects('rejects')).toEqual([
      { input: 'b.csv', position: 0, pos: at(1, 0), occurrences: 2, places: ['1', at(1, 0)] },
      { input: 'b.csv', position: 1, pos: at(1, 1), occurrences: 1, places: [at(1, 1)] },
    ])
  })

  it('stores records that the destination refuses under their input, per batch and when published', async () => {
    for (const publish of ['PerBatch', 'PerRun'] as const) {
      const table = `refused_${publish.toLowerCase()}`
      await store.client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, name text CHECK (name <> 'no'), _run bigint, _pos bigint)`)
      const more = { destination: { postgres: { table, publish } } }
      const ended = await run(table, { inputs: { 'a.csv': ['1 a', '2 no'], 'b.csv': ['3 no'], 'c.csv': ['4 c'] }, more })
      expect(ended).toMatchObject({ state: 'Succeeded', counts: { read: 4, loaded: 2, quarantined: 2 } })
      expect(await rejects(table)).toMatchObject([
        { input: 'a.csv', position: 1, pos: at(0, 1) },
        { input: 'b.csv', position: 0, pos: at(1, 0) },
      ])
      expect(await rows(table)).toMatchObject([{ id: 1 }, { id: 4, pos: at(2, 0) }])
    }
  })

  it('resumes after the last committed input once the source is available again', async () => {
    const members = `away = true
      async *reading(slice, from) {
        for (let input = from ?? 0; input < names.length; input++) {
          if (input === 2 && this.away) {
            this.away = false
            throw new HeadgateError('SourceUnreachable', 'the source is away', { retryable: true })
          }
          const batch = new ObjectBatch([{ id: String(input), name: from === undefined ? 'before' : 'after' }], { firstOrder: 0, next: input + 1 })
          batch.input = input
          yield batch
        }
      }
      constructor(config) { super(config); this.read = this.reading }`
    const more = { retry: { backoff: { initial: '10ms' } } }
    const ended = await run('resumed', { inputs: { 'a.csv': [], 'b.csv': [], 'c.csv': [], 'd.csv': [] }, batchSize: 1, members, more })
    expect(ended).toMatchObject({ state: 'Succeeded', counts: { read: 4, loaded: 4 } })
    expect(await rows('resumed')).toEqual([0, 1, 2, 3].map((input) => ({ id: input, name: input < 2 ? 'before' : 'after', pos: at(input, 0) })))
  })

  it.each([
    ['an input that is none of its own', 'batch.input = input + 7', 'is of input 7|of input 7'],
    ['an input that is no number', `batch.input = 'b.csv'`, 'of input b.csv'],
  ])('fails the run if a batch says %s', async (_, statement, message) => {
    const members = `async *read() { const batch = new ObjectBatch([{ id: '1', name: 'a' }], { firstOrder: 0, next: 1 }); const input = 0; ${statement}; yield batch }`
    const ended = await run('strange', { inputs: { 'a.csv': ['1 a'], 'b.csv': [] }, members })
    expect(ended).toMatchObject({ state: 'Failed', failure: { code: 'InvalidPlan', message: expect.stringMatching(message) } })
  })

  it.each([
    ['one name', `{ input: 0, name: 'a', inputs: ['a'], spec: null }`, 'at least two'],
    ['names that are none', `{ input: 0, name: 'a', inputs: [1, 2], spec: null }`, 'at least two strings'],
    [
      'inputs that another slice has',
      `{ input: 0, name: 'a', inputs: ['a', 'b'], spec: null }; yield { input: 1, name: 'b', spec: null }`,
      'input 1 after input 1',
    ],
    [
      'an input that another slice has begun',
      `{ input: 0, name: 'a', spec: null }; yield { input: 0, name: 'b', inputs: ['a', 'b'], spec: null }`,
      'input 0 after',
    ],
    ['more inputs than there can be', `{ input: 2 ** 19 - 1, name: 'a', inputs: ['a', 'b'], spec: null }`, 'fewer than'],
  ])('is refused with %s', async (_, slice, message) => {
    const ended = await run('unsound', { inputs: {}, members: `async *plan() { yield ${slice} }` })
    expect(ended).toMatchObject({ state: 'Failed', failure: { code: 'InvalidPlan', message: expect.stringContaining(message) } })
  })
})
