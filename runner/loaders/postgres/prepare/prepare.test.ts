import { describe, expect, it } from 'vitest'
import { classifyError, openConnection } from '../../../../store/connection.ts'
import { freshDatabase } from '../../../../test/support/database.ts'
import { connect, field, inTransaction, orderSchema, startRun } from '../../../../test/support/loading.ts'
import { PostgresLoader } from '../loader.ts'

const database = await freshDatabase()
const { client } = await connect(database.url)

describe('preparing the destination', () => {
  it('shows how to create a missing table', async () => {
    await expect(startRun(client, { table: 'sales.orders' })).rejects.toMatchObject({
      code: 'DestinationMissing',
      retryable: false,
      message: expect.stringContaining(
        'CREATE TABLE "sales"."orders" (\n  "id" bigint NOT NULL,\n  "name" text,\n  "_run" bigint NOT NULL,\n  "_pos" bigint NOT NULL,\n  PRIMARY KEY ("id")\n);',
      ),
    })
  })

  it('shows how to add missing columns, or adds them', async () => {
    await client.query('CREATE TABLE grown (id bigint PRIMARY KEY)')
    await expect(startRun(client, { table: 'grown' })).rejects.toMatchObject({
      code: 'DestinationMissing',
      message: expect.stringContaining('ADD COLUMN IF NOT EXISTS "_run" bigint'),
    })
    const run = await startRun(client, { table: 'grown', createTable: true })
    expect(run.plan.columns.map((column) => column.name)).toEqual(['id', 'name', '_run', '_pos'])
  })

  it.each([
    {
      what: 'a column that cannot take the field',
      columns: 'id bigint PRIMARY KEY, name integer',
      says: /name is integer, which cannot take the field of type text/,
    },
    { what: 'a column that takes no null', columns: 'id bigint PRIMARY KEY, name text NOT NULL', says: /name takes no null/ },
    { what: 'a column nobody fills', columns: 'id bigint PRIMARY KEY, name text, more int NOT NULL', says: /column more takes no null and has no default/ },
    { what: 'a generated column', columns: 'id bigint PRIMARY KEY, name text GENERATED ALWAYS AS (id::text) STORED', says: /name is generated/ },
    { what: 'no key', columns: 'id bigint, name text', says: /no primary key or unique constraint on exactly \(id\)/ },
    { what: 'a key over more columns', columns: 'id bigint, name text, PRIMARY KEY (id, name)', says: /name takes no null|no primary key/ },
    { what: '_run of another type', columns: 'id bigint PRIMARY KEY, name text, _run text', says: /_run is text/ },
  ])('refuses $what', async ({ columns, says }) => {
    await client.query(`DROP TABLE IF EXISTS refused; CREATE TABLE refused (${columns})`)
    await client.query('ALTER TABLE refused ADD COLUMN IF NOT EXISTS _run bigint, ADD COLUMN IF NOT EXISTS _pos bigint')
    await expect(startRun(client, { table: 'refused' })).rejects.toMatchObject({ code: 'DestinationMismatch', message: expect.stringMatching(says) })
  })

  it('refuses a view', async () => {
    await client.query('CREATE VIEW seen AS SELECT 1::bigint AS id, NULL::text AS name, 1::bigint AS _run, 1::bigint AS _pos')
    await expect(startRun(client, { table: 'seen' })).rejects.toMatchObject({ code: 'DestinationMismatch', message: expect.stringContaining('is not a table') })
  })

  it('requires a key in modes that find rows by key', async () => {
    await expect(startRun(client, { table: 'any', mode: 'Snapshot' }, { fields: [field('id', 'integer')] })).rejects.toMatchObject({ code: 'InvalidPipeline' })
  })

  it('accepts a unique constraint as the key, in any order of its columns', async () => {
    await client.query('CREATE TABLE paired (a int, b int, _run bigint NOT NULL, _pos bigint NOT NULL, UNIQUE (b, a))')
    const schema = { primaryKey: ['a', 'b'], fields: [field('a', 'integer'), field('b', 'integer')] }
    expect((await startRun(client, { table: 'paired' }, schema)).plan).toMatchObject({ key: ['b', 'a'], route: 'stage' })
  })

  it('merges into a partitioned table', async () => {
    await client.query(`CREATE TABLE parts (id bigint PRIMARY KEY, name text, _run bigint NOT NULL, _pos bigint NOT NULL) PARTITION BY RANGE (id);
      CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (10); CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (10) TO (100)`)
    const rows = [1n, 11n].map((id, pos) => ({ id, name: 'first', pos }))
    await (await startRun(client, { table: 'parts' })).load(rows)
    const changed = rows.map((row, index) => (index === 0 ? row : { ...row, name: 'second' }))
    expect(await (await startRun(client, { table: 'parts' })).load(changed)).toMatchObject({ loaded: 1, unchanged: 1 })
    expect((await client.query('SELECT name FROM parts ORDER BY id')).rows).toEqual([{ name: 'first' }, { name: 'second' }])
  })

  it('returns the same plan if the same run is planned again', async () => {
    const run = await startRun(client, { table: 'twice', createTable: true })
    const loader = new PostgresLoader({ destination: { table: 'twice', createTable: true }, schema: orderSchema })
    await run.load([{ id: 1n, name: 'kept', pos: 1 }])
    expect(await inTransaction(client, (transaction) => loader.prepare(run.context, transaction, { keptFields: [] }))).toEqual(run.plan)
    await run.publish()
    expect((await client.query('SELECT name FROM twice')).rows).toEqual([{ name: 'kept' }])
  })
})

describe('errors of the database', () => {
  it.each([
    { what: 'a server that is not there', url: 'postgresql://someone:hunter2@127.0.0.1:1/db', code: 'StoreUnavailable', retryable: true },
    { what: 'a host that does not exist', url: 'postgresql://someone:hunter2@no-such-host.invalid/db', code: 'StoreUnavailable', retryable: true },
  ])('tell of $what without the password', async ({ url, code, retryable }) => {
    const failure = await openConnection(url, { applicationName: 'test' }).catch((error) => error)
    expect(failure).toMatchObject({ code, retryable })
    expect(`${failure.message} ${failure.stack}`).not.toContain('hunter2')
  })

  it.each([
    { statement: 'SELECT pg_terminate_backend(pg_backend_pid())', code: 'StoreUnavailable', retryable: true },
    { statement: `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$`, code: 'StoreBusy', retryable: true },
    { statement: `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$`, code: 'StoreFull', retryable: true },
    { statement: `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '42501'; END $$`, code: 'StoreDenied', retryable: false },
    { statement: `SELECT 'secret'::int`, code: 'DestinationRefused', retryable: false },
    { statement: 'SELEC', code: 'StoreError', retryable: false },
  ])('classify $statement', async ({ statement, code, retryable }) => {
    const connection = await openConnection(database.url, { applicationName: 'test' })
    const failure = classifyError(await connection.query(statement).catch((error) => error))
    await connection.end().catch(() => {})
    expect(failure).toMatchObject({ code, retryable })
    expect(failure.message).not.toContain('secret')
  })
})
