import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../../../../test/support/database.ts'
import { connect, field, inTransaction, type Row, startRun } from '../../../../test/support/loading.ts'
import { dropAbandoned } from '../staging.ts'

const database = await freshDatabase()
const { client } = await connect(database.url)
let tables = 0

const three: Row[] = [1, 2, 3].map((id) => ({ id: BigInt(id), name: `name ${id}`, pos: id }))

async function rowsOf(table: string) {
  return (await client.query(`SELECT * FROM ${table} ORDER BY 1`)).rows
}

/** A table that a run created and filled with `rows`. */
async function created(mode: 'Append' | 'Upsert' | 'Replace' | 'Snapshot', rows: Row[] = three, more: { onMissing?: 'Delete' | 'Mark' } = {}) {
  const table = `published_${++tables}`
  const destination = { table, mode, createTable: true, ...more }
  const run = await startRun(client, destination)
  await run.load(rows)
  return { table, destination, counts: await run.publish() }
}

describe('a first load into a table that the run creates', () => {
  it.each(['Upsert', 'Replace', 'Snapshot'] as const)('in mode %s shows all rows at once, the later of a key, under a primary key', async (mode) => {
    const { table, counts } = await created(mode, [...three, { id: 2n, name: 'later', pos: 9 }])
    expect(counts).toMatchObject({ loaded: -1, superseded: 1, unchanged: 0 })
    expect(await rowsOf(table)).toMatchObject([{ name: 'name 1' }, { name: 'later', _pos: '9' }, { name: 'name 3' }])
    const { rows } = await client.query(`SELECT conname, pg_get_constraintdef(oid) AS is FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'`, [
      table,
    ])
    expect(rows).toEqual([{ conname: `${table}_pkey`, is: 'PRIMARY KEY (id)' }])
  })

  it('keeps every record in mode Append', async () => {
    const { table, counts } = await created('Append', [...three, ...three])
    expect(counts).toMatchObject({ loaded: 0 })
    expect(await rowsOf(table)).toHaveLength(6)
  })

  it('has the declared types', async () => {
    const schema = {
      primaryKey: ['id'],
      unknownFields: 'capture' as const,
      fields: [
        field('id', 'uuid'),
        field('amount', 'decimal', { precision: 12, scale: 2 }),
        field('ratio', 'float', { nullable: true }),
        field('at', 'timestamp'),
        field('day', 'date'),
        field('facts', 'json'),
        field('kind', 'enum', { values: ['a'] }),
        field('done', 'boolean'),
      ],
    }
    const run = await startRun(client, { table: 'typed.everything', createTable: true }, schema)
    expect(run.plan.columns.map(({ name, formatted, notNull }) => `${name} ${formatted}${notNull ? ' not null' : ''}`)).toEqual([
      'id uuid not null',
      'amount numeric(12,2) not null',
      'ratio double precision',
      'at timestamp with time zone not null',
      'day date not null',
      'facts jsonb not null',
      'kind text not null',
      'done boolean not null',
      '_extra jsonb',
      '_run bigint not null',
      '_pos bigint not null',
    ])
  })

  it('quotes names that look like SQL', async () => {
    const table = `odd.a;drop table "Orders"`
    const schema = { primaryKey: ['Order Id'], fields: [field('Order Id', 'integer'), field("it's; --", 'text')] }
    for (const expected of [{ loaded: 0 }, { loaded: 0 }]) {
      const run = await startRun(client, { table, createTable: true }, schema)
      await run.load([{ 'Order Id': 1n, "it's; --": `'; drop table x; --`, pos: 1 }])
      expect(await run.publish()).toMatchObject(expected)
    }
    expect(await rowsOf(`odd."a;drop table ""Orders"""`)).toMatchObject([{ "it's; --": `'; drop table x; --` }])
  })

  it('merges if the table was created concurrently', async () => {
    const run = await startRun(client, { table: 'meanwhile', createTable: true })
    await run.load(three)
    await client.query(
      `CREATE TABLE meanwhile (id bigint PRIMARY KEY, name text, _run bigint, _pos bigint); INSERT INTO meanwhile VALUES (1, 'name 1', 0, 1), (4, 'theirs', 0, 1)`,
    )
    expect(await run.publish()).toMatchObject({ loaded: -1, unchanged: 1 })
    expect(await rowsOf('meanwhile')).toHaveLength(4)
  })

  it('leaves nothing behind when it is discarded', async () => {
    const run = await startRun(client, { table: 'never', createTable: true })
    await run.load(three)
    const dropped = await inTransaction(client, (own) => dropAbandoned(own, (id) => id !== run.context.id))
    expect(dropped).toEqual([run.plan.staging?.name])
    expect((await client.query(`SELECT to_regclass('never') AS never`)).rows).toEqual([{ never: null }])
  })
})

describe('a run that is published as a whole', () => {
  it.each([
    { mode: 'Append' as const, before: 3, rows: three, counts: { loaded: 0, unchanged: 0, superseded: 0 }, after: 6 },
    { mode: 'Upsert' as const, before: 3, rows: three, counts: { loaded: -3, unchanged: 3, superseded: 0 }, after: 3 },
    {
      mode: 'Upsert' as const,
      before: 3,
      rows: [...three, { id: 4n, name: 'four', pos: 4 }, { id: 4n, name: '4', pos: 5 }],
      counts: { loaded: -4, unchanged: 3, superseded: 1 },
      after: 4,
    },
  ])('merges in mode $mode, $after rows', async ({ mode, before, rows, counts, after }) => {
    const { table, destination } = await created(mode)
    const run = await startRun(client, { ...destination, publish: 'PerRun' })
    expect(run.plan.route).toBe('staged')
    await run.load(rows)
    expect(await rowsOf(table)).toHaveLength(before)
    expect(await run.publish()).toMatchObject(counts)
    expect(await rowsOf(table)).toHaveLength(after)
  })
})

describe('a snapshot', () => {
  it('deletes rows gone from the source, but not those whose record was rejected', async () => {
    const { table, destination } = await created('Snapshot')
    const run = await startRun(client, destination)
    await run.load(three.slice(0, 1))
    const rejectedKeys = async function* () {
      yield { id: '3' }
    }
    expect(await run.publish({ rejectedKeys })).toMatchObject({ loaded: -1, unchanged: 1, removed: 1 })
    expect((await rowsOf(table)).map((row) => row.id)).toEqual(['1', '3'])
  })

  it('withholds deletes when a rejected record has no readable key', async () => {
    const { table, destination } = await created('Snapshot')
    const run = await startRun(client, destination)
    await run.load(three.slice(0, 1))
    const rejectedKeys = async function* () {
      yield { id: '3' }
      yield null
    }
    expect(await run.publish({ rejectedKeys })).toMatchObject({ removed: 0 })
    expect(run.warnings).toEqual(['DeletesWithheld'])
    expect(await rowsOf(table)).toHaveLength(3)
  })

  it('marks rows gone from the source, and unmarks rows that return', async () => {
    const { table, destination } = await created('Snapshot', three, { onMissing: 'Mark' })
    const without = await startRun(client, destination)
    await without.load(three.slice(0, 2))
    expect(await without.publish()).toMatchObject({ unchanged: 2, removed: 1 })
    expect((await rowsOf(table)).map((row) => row._deleted_at === null)).toEqual([true, true, false])
    const again = await startRun(client, destination)
    await again.load(three)
    expect(await again.publish()).toMatchObject({ loaded: -2, unchanged: 2, removed: 0 })
    expect((await rowsOf(table)).map((row) => row._deleted_at)).toEqual([null, null, null])
  })
})
