// The wipe guard: a delivery that would remove most rows of a table needs an explicit permission.
import { afterEach, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Run } from '../../store/runs.ts'
import { type Destination, deliver, scratchFolder, written } from '../property/delivery.ts'
import { freshStore } from '../support/store.ts'

const store = await freshStore()
const folder = scratchFolder()
let deliveries = 0

afterEach(() => store.client.query('DROP SCHEMA wipe CASCADE'))

type Wish = { mode: Destination['mode']; onMissing?: 'Mark'; quality?: PipelineSpec['quality']; allowRemoval?: boolean; key?: boolean }

async function run(ids: number[], { mode, onMissing, quality, allowRemoval = false, key = true }: Wish): Promise<Run> {
  const name = `run-${++deliveries}`
  const place = written(folder, name, { 'feed.csv': ['id,name', ...ids.map((id) => `${id},n${id}`), ''].join('\n') })
  const spec: PipelineSpec = {
    source: { files: { paths: ['feed.csv'] } },
    format: { csv: {} },
    schema: {
      ...(key && { primaryKey: ['id'] }),
      fields: [
        { name: 'id', type: 'integer' },
        { name: 'name', type: 'text' },
      ],
    },
    destination: { postgres: { table: 'wipe.feed', createTable: true, ...(mode !== undefined && { mode }), ...(onMissing !== undefined && { onMissing }) } },
    ...(quality !== undefined && { quality }),
  }
  return deliver(store, { name, pipeline: 'wipe', folder: place, spec, manner: { workers: 1, batchSize: 100 }, allowRemoval })
}

async function ids(): Promise<number[]> {
  const { rows } = await store.client.query<{ row: { id: number; _deleted_at?: string | null } }>('SELECT to_jsonb(feed) AS row FROM wipe.feed ORDER BY id')
  return rows
    .map(({ row }) => row)
    .filter((row) => (row._deleted_at ?? null) === null)
    .map(({ id }) => id)
}

const modes: Wish[] = [{ mode: 'Snapshot' }, { mode: 'Snapshot', onMissing: 'Mark' }, { mode: 'Replace' }, { mode: 'Replace', key: false }]

test.each(modes)('$mode ($onMissing, key: $key) removes half of the rows, and refuses to remove more by default', async (wish) => {
  await run([1, 2, 3, 4], wish)
  const half = await run([1, 2], wish)
  expect(half).toMatchObject({ state: 'Succeeded', counts: { removed: 2 } })
  const { rows } = await store.client.query(
    'SELECT (SELECT sum(removed)::int FROM headgate.batch WHERE run = $1) AS ledger, message FROM headgate.run_event WHERE run = $1',
    [half.id],
  )
  expect(rows).toEqual([{ ledger: 2, message: '2 rows of wipe.feed were removed, because the source no longer has them' }])
  const refused = await run([], wish)
  expect(refused.failure).toMatchObject({
    code: 'RemovalRefused',
    retryable: false,
    message: expect.stringMatching(/would remove 2 of the 2 rows of wipe.feed \(100.0 %\).*--allow-removal/),
  })
  expect(refused.counts.removed).toBe(0)
  expect(await ids()).toEqual([1, 2])
  expect(await run([], { ...wish, allowRemoval: true })).toMatchObject({ state: 'Succeeded', counts: { removed: 2 } })
  expect(await ids()).toEqual([])
})

test.each(['Snapshot', 'Replace'] as const)('With %s the pipeline can set another limit', async (mode) => {
  await run([1, 2, 3, 4], { mode })
  const strict = await run([1, 2, 3], { mode, quality: { maxRemovedRatio: '0' } })
  expect(strict.failure).toMatchObject({ code: 'RemovalRefused' })
  expect(await run([9], { mode, quality: { maxRemovedRatio: '1' } })).toMatchObject({ state: 'Succeeded', counts: { removed: 4, loaded: 1 } })
  expect(await ids()).toEqual([9])
})

test('Replace counts removed rows by their key, even if as many others take their place', async () => {
  await run([1, 2, 3, 4], { mode: 'Replace' })
  expect((await run([1, 6, 7, 8], { mode: 'Replace' })).failure).toMatchObject({ code: 'RemovalRefused', message: expect.stringContaining('3 of the 4 rows') })
})

test('Upsert and Append remove nothing', async () => {
  await run([1, 2, 3, 4], { mode: 'Upsert' })
  expect(await run([], { mode: 'Upsert' })).toMatchObject({ state: 'Succeeded', counts: { removed: 0 } })
  expect(await ids()).toEqual([1, 2, 3, 4])
})

test('Replace is guarded even if others hold locks on the table', async () => {
  await run([1, 2, 3, 4], { mode: 'Replace' })
  await store.client.query('CREATE VIEW wipe.seen AS SELECT * FROM wipe.feed')
  expect((await run([1], { mode: 'Replace' })).failure).toMatchObject({ code: 'RemovalRefused' })
  expect(await run([1, 2, 3], { mode: 'Replace' })).toMatchObject({ state: 'Succeeded', counts: { removed: 1 } })
  expect(await ids()).toEqual([1, 2, 3])
})
