// Destinations and references that reach for Headgate's own tables: by name, by case, by search_path, by inheritance, views and rules.
import { expect, it } from 'vitest'
import { PostgresLoader } from '../../runner/loaders/postgres/loader.ts'
import { sqlReferences } from '../../runner/validation/references.ts'
import { openConnection } from '../../store/connection.ts'
import { inTransaction, orderSchema, startRun } from '../support/loading.ts'
import { freshStore, plannedRun } from '../support/store.ts'

const { client, url } = await freshStore()
await plannedRun(client, { pipeline: 'tenant-a/orders' })
await client.query(`
  CREATE SCHEMA IF NOT EXISTS headgate_stage; CREATE SCHEMA sales;
  CREATE TABLE headgate_stage.rows (id bigint PRIMARY KEY, name text, _run bigint NOT NULL, _pos bigint NOT NULL)`)

it.each([
  'headgate.run',
  'headgate.quarantine_occurrence',
  'headgate.brand_new',
  'Headgate.run',
  'HEADGATE.run',
  'headgate_stage.rows',
  'pg_catalog.pg_class',
  'pg_temp.t',
  'pg_toast.t',
  'PG_own.t',
  'information_schema.tables',
])('refuses %s as a destination before anything is made or changed', async (table) => {
  const options = { destination: { table, mode: 'Replace' as const, createTable: true }, schema: orderSchema }
  expect(() => new PostgresLoader(options)).toThrow(expect.objectContaining({ code: 'DestinationDenied', retryable: false }))
})

it.each([
  { what: 'a child', make: 'CREATE TABLE sales.child () INHERITS (headgate_stage.rows)', table: 'sales.child' },
  {
    what: 'a grandchild',
    make: 'CREATE TABLE sales.between () INHERITS (headgate_stage.rows); CREATE TABLE sales.grand () INHERITS (sales.between)',
    table: 'sales.grand',
  },
  {
    what: 'a parent',
    make: `CREATE TABLE sales.parent (LIKE headgate_stage.rows); CREATE TABLE headgate_stage.own () INHERITS (sales.parent)`,
    table: 'sales.parent',
  },
  {
    what: 'a partition',
    make: `CREATE TABLE headgate_stage.parted (LIKE headgate_stage.rows) PARTITION BY RANGE (id);
      CREATE TABLE sales.part PARTITION OF headgate_stage.parted FOR VALUES FROM (0) TO (10)`,
    table: 'sales.part',
  },
  {
    what: 'a table with a partition',
    make: `CREATE TABLE sales.whole (LIKE headgate_stage.rows) PARTITION BY RANGE (id);
      CREATE TABLE headgate_stage.piece PARTITION OF sales.whole FOR VALUES FROM (0) TO (10)`,
    table: 'sales.whole',
  },
  { what: 'a view', make: 'CREATE VIEW sales.seen AS SELECT id, name, id AS _run, id AS _pos FROM headgate.run', table: 'sales.seen' },
  {
    what: 'a view of a view',
    make: 'CREATE VIEW sales.once AS SELECT id FROM headgate.run; CREATE VIEW sales.twice AS SELECT * FROM sales.once',
    table: 'sales.twice',
  },
  {
    what: 'a rule',
    make: `CREATE TABLE sales.ruled (LIKE headgate_stage.rows);
      CREATE RULE divert AS ON INSERT TO sales.ruled DO INSTEAD INSERT INTO headgate_stage.rows VALUES (NEW.*)`,
    table: 'sales.ruled',
  },
])('refuses a destination that is tied to one of Headgate’s tables as $what, and looks nothing up there', async ({ make, table }) => {
  await client.query(make)
  await expect(startRun(client, { table, createTable: true })).rejects.toMatchObject({
    code: 'DestinationDenied',
    retryable: false,
    message: expect.stringMatching(/shares rows with headgate/),
  })
  await expect(sqlReferences(client)(table, 'id', ['1'], 'int8')).rejects.toMatchObject({
    code: 'InvalidReference',
    message: expect.stringContaining('Headgate’s own'),
  })
})

it('still accepts a table with views and partitions of its own', async () => {
  await client.query(`
    CREATE TABLE sales.fine (LIKE headgate_stage.rows INCLUDING INDEXES) PARTITION BY RANGE (id);
    CREATE TABLE sales.fine_low PARTITION OF sales.fine FOR VALUES FROM (0) TO (10);
    CREATE VIEW sales.fine_seen AS SELECT f.id, r.name FROM sales.fine f JOIN headgate.run r ON r.id = f._run`)
  expect((await startRun(client, { table: 'sales.fine' })).plan.destination).toEqual({ schema: 'sales', name: 'fine' })
})

it.each([
  { search_path: 'headgate', table: 'run', column: 'name' },
  { search_path: 'pg_catalog', table: 'pg_class', column: 'relname' },
])('reads parents without a schema from public, whatever search_path is ($search_path)', async ({ search_path, table, column }) => {
  const own = await openConnection(url, { applicationName: 'headgate test' })
  try {
    await own.query(`SET search_path = ${search_path}, public`)
    await expect(sqlReferences(own)(table, column, ['run-1'], 'text')).rejects.toMatchObject({ code: 'InvalidReference' })
    await own.query(`CREATE TABLE public.${table} (${column} text); INSERT INTO public.${table} VALUES ('mine')`)
    expect(await sqlReferences(own)(table, column, ['run-1', 'mine', 'pg_class'], 'text')).toEqual(new Set(['mine']))
  } finally {
    await own.query(`DROP TABLE IF EXISTS public.${table}`)
    await own.end()
  }
})

it.each(['headgate.run', 'Headgate.run', 'headgate_stage.rows', 'pg_catalog.pg_authid', 'information_schema.tables'])(
  'looks nothing up in %s',
  async (table) => {
    await expect(sqlReferences(client)(table, 'name', ['x'], 'text')).rejects.toMatchObject({ code: 'InvalidReference', retryable: false })
  },
)

it('leaves the ledger unchanged', async () => {
  expect((await client.query('SELECT count(*)::int AS runs FROM headgate.run')).rows).toEqual([{ runs: 1 }])
  await inTransaction(client, async (tx) => expect((await tx.query('SELECT FROM headgate_stage.rows')).rowCount).toBe(0))
})
