import { expect, it } from 'vitest'
import { claimed, freshStore, loadedBatch, plannedRun, rejectedRecord } from '../test/support/store.ts'
import { recordBatch } from './ledger.ts'
import { quarantineRecords } from './quarantine.ts'
import { traceKey } from './trace.ts'

const { client } = await freshStore()
await client.query(`CREATE SCHEMA sales; CREATE TABLE sales."order's" (id numeric(20,2), region text, total int8, _run bigint, _pos bigint, PRIMARY KEY (id, region));
  CREATE TABLE public.plain (id int)`)
const run = await plannedRun(client, { pipeline: 'sales/orders', slices: 2, table: `sales.order's` })
const slices = [await claimed(client, run.id), await claimed(client, run.id)]
for (const slice of slices) await recordBatch(client, { ...loadedBatch(slice, 3), firstOrder: 0, lastOrder: 99 })
await recordBatch(client, { ...loadedBatch(slices[1] as (typeof slices)[0], 3), ordinal: 1, firstOrder: 100, lastOrder: 200 })
await client.query(`INSERT INTO sales."order's" VALUES (4711, 'EU', 9007199254740993, $1, $2), (1, 'EU', 1, 999999, 5), (2, 'EU', 1, NULL, NULL)`, [
  run.id,
  2n ** 44n + 150n,
])
await quarantineRecords(client, { run: run.id, pipeline: 'sales/orders', slice: 0, input: 0, name: 'file-0.csv' }, [
  rejectedRecord(1, { key: { id: '4711.00', region: 'EU' } }),
  rejectedRecord(2, { key: { id: '4712', region: 'EU' } }),
])
const table = `sales.order's`

it('finds the run, input, record and batch that a row came from, and rejected records with its key', async () => {
  const trace = await traceKey(client, { table, key: { id: '4711', region: 'EU' } })
  expect(trace).toMatchObject({
    row: { id: '4711.00', region: 'EU', total: '9007199254740993' },
    origin: {
      runId: run.id,
      input: 1,
      order: 150,
      run: { name: run.name, pipeline: 'sales/orders' },
      inputName: 'file-1.csv',
      batch: { slice: 1, ordinal: 1 },
    },
    quarantine: [{ position: 1, key: { id: '4711.00', region: 'EU' } }],
  })
})

it('finds a key of which only rejected records exist', async () => {
  const trace = await traceKey(client, { table, key: { region: 'EU', id: '4712' } })
  expect(trace).toMatchObject({ row: undefined, origin: undefined, quarantine: [{ position: 2 }] })
})

it('returns only the place of a row whose run has been deleted, and no origin for a row that Headgate did not write', async () => {
  const orphan = await traceKey(client, { table, key: { id: '1', region: 'EU' } })
  expect(orphan.origin).toEqual({ runId: 999999, input: 0, order: 5, run: undefined, inputName: undefined, batch: undefined })
  expect((await traceKey(client, { table, key: { id: '2', region: 'EU' } })).origin).toBeUndefined()
})

it.each([
  { what: 'a missing table', options: { table: 'sales.nowhere', key: { id: '1' } }, code: 'TableNotFound' },
  { what: 'a table that Headgate does not load', options: { table: 'plain', key: { id: '1' } }, code: 'NotTraceable' },
  { what: 'an invalid key value', options: { table, key: { id: `1'; DROP TABLE x` } }, code: 'InvalidKey' },
])('reports $what', async ({ options, code }) => {
  await expect(traceKey(client, options)).rejects.toMatchObject({ code })
})
