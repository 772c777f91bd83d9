// The ledger keeps how the fields of a source differed from the declared ones, batch by batch.
import { expect, it } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { freshStore } from '../support/store.ts'
import { deliver, scratchFolder, written } from './delivery.ts'

const store = await freshStore()
const folder = scratchFolder()
let runs = 0

const fields: PipelineSpec['schema']['fields'] = [
  { name: 'id', type: 'integer' },
  { name: 'amount', type: 'decimal', precision: 10, scale: 2, nullable: true },
  { name: 'note', type: 'text', nullable: true },
]

async function observed(files: Record<string, string>, change: Partial<PipelineSpec['schema']> = {}): Promise<unknown> {
  const name = `observed-${++runs}`
  const spec: PipelineSpec = {
    source: { files: { paths: ['*.csv'] } },
    format: { csv: {} },
    schema: { primaryKey: ['id'], fields, missingFields: 'nullify', ...change },
    quality: { maxRejectedRatio: '1' },
    destination: { postgres: { table: `public.${name.replace('-', '_')}`, createTable: true } },
  }
  await deliver(store, { name, pipeline: name, folder: written(folder, name, files), spec, manner: { workers: 1, batchSize: 1000 } })
  const { rows } = await store.client.query(
    `SELECT observed FROM headgate.batch JOIN headgate.run ON run.id = run WHERE run.name = $1 AND first_order IS NOT NULL ORDER BY input, first_order`,
    [name],
  )
  return rows.map((row) => row.observed)
}

const shipped = (count: number, amount: string) => Array.from({ length: count }, (_, index) => `${index},${amount},n`).join('\n')

const cases: { what: string; files: Record<string, string>; change?: Partial<PipelineSpec['schema']>; found: unknown }[] = [
  { what: 'nothing where the fields are as declared', files: { 'a.csv': 'id,amount,note\n1,1.00,n\n' }, found: [null] },
  { what: 'an added field', files: { 'a.csv': 'id,amount,note,colour\n1,1.00,n,red\n' }, found: [{ added: { count: 1, names: ['colour'] } }] },
  { what: 'a missing field', files: { 'a.csv': 'id,amount\n1,1.00\n' }, found: [{ missing: { count: 1, names: ['note'] } }] },
  { what: 'a moved field', files: { 'a.csv': 'note,id,amount\nn,1,1.00\n' }, found: [{ moved: { count: 1, names: ['note'] } }] },
  {
    what: 'a field whose values are of another type',
    files: { 'a.csv': `id,amount,note\n${shipped(20, 'n/a')}\n` },
    found: [{ retyped: { count: 1, names: ['amount'] } }],
  },
  { what: 'no other type of a few odd values', files: { 'a.csv': `id,amount,note\n${shipped(3, 'n/a')}\n` }, found: [null] },
  {
    what: 'a name cut to 100 characters',
    files: { 'a.csv': `id,amount,note,${'x'.repeat(300)}\n1,1.00,n,red\n` },
    found: [{ added: { count: 1, names: ['x'.repeat(100)] } }],
  },
  {
    what: 'no name of an added field beside a sensitive one, for it may be a value',
    files: { 'a.csv': 'id,amount,note,4111111111111111\n1,1.00,n,red\n' },
    change: { fields: fields.map((field) => (field.name === 'note' ? { ...field, sensitive: true } : field)) },
    found: [{ added: { count: 1, names: [] } }],
  },
  {
    what: 'what each of two inputs had',
    files: { 'a.csv': 'id,amount,note,x\n1,1.00,n,1\n', 'b.csv': 'id,amount,note,y\n2,1.00,n,1\n' },
    found: [{ added: { count: 1, names: ['x'] } }, { added: { count: 1, names: ['y'] } }],
  },
]

it.each(cases)('keeps $what', async ({ files, change, found }) => {
  expect(await observed(files, change)).toEqual(found)
})
