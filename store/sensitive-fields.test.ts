import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Field } from '../crds/fields.ts'
import { freshStore, rejectedRecord, specFor } from '../test/support/store.ts'
import { quarantineRecords } from './quarantine.ts'
import { createRun } from './runs.ts'
import { sensitiveFields } from './sensitive-fields.ts'

const { client, url } = await freshStore()
let number = 0

const field = (name: string, more: Partial<Field> = {}): Field => ({ name, type: 'text', ...more })

async function run(pipeline: string, fields: Field[]): Promise<number> {
  const { id } = await createRun(client, {
    name: `run-${++number}`,
    pipeline,
    spec: { ...specFor('public.t'), schema: { fields } },
    workers: 1,
    batchSize: 1,
  })
  return id
}

const since = async (pipeline: string, id: number) => [...(await sensitiveFields(client, [pipeline])).since(pipeline, id)].sort()

it('includes fields that the run or a later one declared sensitive, by their names in the schema and in the source', async () => {
  const first = await run('a', [field('secret', { sensitive: true, from: 'Secret' }), field('open')])
  const second = await run('a', [field('secret', { from: 'Secret' }), field('open')])
  const third = await run('a', [field('secret', { from: 'Secret' }), field('open', { sensitive: true })])
  expect(await since('a', first)).toEqual(['Secret', 'open', 'secret'])
  expect(await since('a', second)).toEqual(['open'])
  expect(await since('a', third)).toEqual(['open'])
  expect(await since('b', first)).toEqual([])
})

it('still includes a field after its declaration is dropped, and after the runs are deleted', async () => {
  const first = await run('dropped', [field('secret', { sensitive: true }), field('id')])
  const second = await run('dropped', [field('id')])
  await client.query(`DELETE FROM headgate.run WHERE pipeline = 'dropped'`)
  expect(await since('dropped', first)).toEqual(['secret'])
  expect(await since('dropped', second)).toEqual(['secret'])
})

it('includes all fields of records rejected by a run that was deleted before the store kept declarations', async () => {
  const deleted = await run('old', [field('secret', { sensitive: true })])
  await quarantineRecords(client, { run: deleted, pipeline: 'old', slice: 0, input: 0, name: 'f' }, [rejectedRecord(1)])
  const kept = await run('old', [field('secret', { sensitive: true })])
  await client.query(`DELETE FROM headgate.run WHERE id = ${deleted};
    DROP TRIGGER note_sensitive_fields ON headgate.run; DROP FUNCTION headgate.note_sensitive_fields; DROP FUNCTION headgate.declared_fields; DROP TABLE headgate.sensitive_field`)
  await client.query(readFileSync(new URL('./migrations/0007_values.sql', import.meta.url), 'utf8'))
  expect(await since('old', deleted)).toEqual(['*', 'secret'])
  expect(await since('old', kept)).toEqual(['secret'])
})

it('is recorded for a role that may write runs but not the table of sensitive fields', async () => {
  const role = `runs_${url.split('/').at(-1)}`
  await client.query(`CREATE ROLE ${role}; GRANT USAGE ON SCHEMA headgate TO ${role}; GRANT INSERT, SELECT ON headgate.run, headgate.destination TO ${role};
    GRANT SELECT ON headgate.tenant TO ${role}; GRANT SELECT ON ALL SEQUENCES IN SCHEMA headgate TO ${role};
    INSERT INTO headgate.tenant VALUES ('${role}', '*'); SET ROLE ${role}`)
  try {
    const id = await run('limited', [field('secret', { sensitive: true })])
    await expect(client.query(`INSERT INTO headgate.sensitive_field VALUES ('other', '*', 999)`)).rejects.toMatchObject({ code: '42501' })
    await client.query('CREATE TEMPORARY TABLE run (id bigint, pipeline text, spec jsonb)')
    const planted = 'CREATE TRIGGER planted AFTER INSERT ON pg_temp.run FOR EACH ROW EXECUTE FUNCTION headgate.note_sensitive_fields()'
    await expect(client.query(planted)).rejects.toMatchObject({ code: '42501' })
    await client.query('RESET ROLE')
    expect(await since('limited', id)).toEqual(['secret'])
  } finally {
    await client.query(`RESET ROLE; DROP OWNED BY ${role}; DROP ROLE ${role}`)
  }
})

it('accepts specs of any shape', async () => {
  for (const spec of [
    '{}',
    '{"schema": {"fields": 7}}',
    '{"schema": {"fields": [{"sensitive": true}, {"name": "x", "sensitive": "yes"}]}}',
    '{"schema": []}',
  ]) {
    await client.query('INSERT INTO headgate.run (name, pipeline, spec, spec_hash, workers, batch_size) VALUES ($1, $2, $3, $1, 1, 1)', [spec, 'odd', spec])
  }
  expect(await since('odd', 0)).toEqual([])
})
