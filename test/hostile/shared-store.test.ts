// One store, several tenants: what they share, which is the schema of staging tables, functions, names and time. docs/security.md, "The store".
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openStore } from '../../operator/store.ts'
import { PostgresLoader } from '../../runner/loaders/postgres/loader.ts'
import { dropAbandoned, stagingTables } from '../../runner/loaders/postgres/staging.ts'
import { openConnection } from '../../store/connection.ts'
import { createRun, isUnfinished, type Run } from '../../store/runs.ts'
import { sessionName } from '../../store/sessions.ts'
import { admitTenant } from '../../store/tenants.ts'
import { inTransaction, joinRun, startRun as loading, orderSchema } from '../support/loading.ts'
import { plannedRun, specFor } from '../support/store.ts'
import { freshTenants } from '../support/tenants.ts'

const { admin, owner, a, b } = await freshTenants()
const denied = { code: '42501' }
let theirs: Run

beforeAll(async () => {
  theirs = await plannedRun(a.client, { pipeline: 'tenant-a/orders' })
  await a.client.query(`CREATE TABLE tenant_a.orders AS SELECT 1 AS id, 'x' AS name;
    INSERT INTO headgate.batch (run, slice, ordinal, epoch, input, read, loaded, unchanged, superseded, filtered, quarantined, parked, warnings)
    VALUES (${theirs.id}, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, '{"w": 3}')`)
})

describe('staging tables', () => {
  const destination = { table: 'tenant_a.staged', mode: 'Replace' as const, createTable: true }

  it('are neither read, filled nor dropped by another tenant, nor by its clean-up', async () => {
    const staged = await loading(a.client, destination)
    await staged.load([{ id: 1n, name: 'staged', pos: 1 }])
    const table = `headgate_stage.${staged.plan.staging?.name}`
    for (const statement of [
      `SELECT FROM ${table}`,
      `INSERT INTO ${table} VALUES (2)`,
      `TRUNCATE ${table}`,
      `DROP TABLE ${table}`,
      `ALTER TABLE ${table} SET SCHEMA tenant_b`,
    ]) {
      await expect(b.client.query(statement), statement).rejects.toMatchObject(denied)
    }
    expect(await inTransaction(b.client, (tx) => dropAbandoned(tx, (id) => isUnfinished(tx, id)))).toEqual([])
    expect(await stagingTables(b.client)).toEqual([])
    await staged.publish()
    expect((await a.client.query('SELECT name FROM tenant_a.staged')).rows).toEqual([{ name: 'staged' }])
  })

  it('cannot be created beforehand by another tenant, which would then own the staged rows', async () => {
    const first = await loading(a.client, destination)
    const next = first.context.id + 1
    const guess = String(first.plan.staging?.name).replace(/^run_\d+/, `run_${next}`)
    for (const name of [`run_${next}`, guess]) {
      await b.client.query(
        `CREATE TABLE headgate_stage.${name} (id bigint, name text, _run bigint, _pos bigint); GRANT ALL ON headgate_stage.${name} TO PUBLIC`,
      )
    }
    const second = await loading(a.client, destination)
    expect(second.context.id).toBe(next)
    await second.load([{ id: 1n, name: 'second', pos: 1 }])
    expect([`run_${next}`, guess]).not.toContain(second.plan.staging?.name)
    expect((await b.client.query(`SELECT FROM headgate_stage.run_${next}`)).rowCount).toBe(0)
    await second.publish()
    expect((await a.client.query('SELECT name FROM tenant_a.staged')).rows).toEqual([{ name: 'second' }])
    await b.client.query(`DROP TABLE headgate_stage.run_${next}, headgate_stage.${guess}`)
    await inTransaction(a.client, (tx) => new PostgresLoader({ destination, schema: orderSchema }).discard(first.context, tx))
    expect(await stagingTables(admin)).toEqual([])
  })

  it('are shared by the workers of a run, and dropped by their owner after the run', async () => {
    const one = await loading(a.client, destination)
    const second = await openConnection(a.url, { applicationName: 'headgate test' })
    await joinRun(second, one, destination).load([{ id: 7n, name: 'joined', pos: 1 }])
    expect(await inTransaction(second, (tx) => dropAbandoned(tx, () => true))).toEqual([])
    expect(await inTransaction(second, (tx) => dropAbandoned(tx, () => false))).toEqual([one.plan.staging?.name])
    await second.end()
  })
})

// docs/security.md says so; where one of these fails, the page may promise more.
describe('what a shared store does not separate', () => {
  it('names in the catalogue, sizes of tables, and the names of connections', async () => {
    const living = await openConnection(a.url, { applicationName: sessionName('pod/of-a', 'tenant-a/orders') })
    const columns = await b.client.query(`SELECT attname, pg_relation_size(attrelid)::int AS size FROM pg_attribute
      JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE nspname = 'tenant_a' AND relname = 'orders' AND attnum > 0`)
    expect(columns.rows.map(({ attname }) => attname)).toEqual(['id', 'name'])
    expect(columns.rows[0].size).toBeGreaterThan(0)
    const sessions = await b.client.query(`SELECT application_name AS name FROM pg_stat_activity WHERE usename = $1`, [a.role])
    expect(sessions.rows).toContainEqual({ name: 'headgate of-a tenant-a/orders' })
    await living.end()
  })

  it('how many runs there are', async () => {
    const { rows } = await b.client.query('SELECT last_value::int AS last FROM headgate.run_id_seq')
    expect(rows[0].last).toBeGreaterThanOrEqual(theirs.id)
  })

  it('which names of runs without a namespace are taken', async () => {
    const shared = { name: 'shared', spec: specFor('t'), workers: 1, batchSize: 1 }
    await createRun(a.client, { ...shared, pipeline: 'tenant-a/orders' })
    await expect(createRun(b.client, { ...shared, pipeline: 'tenant-b/orders' })).rejects.toMatchObject({ code: 'RunExists' })
  })

  it.each([
    ['a table of the store', 'LOCK TABLE headgate.run IN ACCESS EXCLUSIVE MODE', 'SELECT FROM headgate.run'],
    [
      'planning',
      `SELECT pg_advisory_xact_lock(hashtextextended('headgate destination', 0))`,
      `SELECT pg_advisory_xact_lock(hashtextextended('headgate destination', 0))`,
    ],
  ])('time: a lock on %s delays others', async (_, lock, waiting) => {
    await b.client.query(`BEGIN; ${lock}`)
    await a.client.query(`BEGIN; SET LOCAL lock_timeout = '50ms'`)
    await expect(a.client.query(waiting)).rejects.toMatchObject({ code: '55P03' })
    await a.client.query('ROLLBACK')
    await b.client.query('ROLLBACK')
  })

  it('a function of a table runs with the rights of the reader', async () => {
    await b.client.query(`CREATE TYPE tenant_b.word AS ENUM ('x');
      CREATE FUNCTION tenant_b.shown(tenant_b.word) RETURNS text LANGUAGE sql AS 'SELECT current_user::text';
      CREATE CAST (tenant_b.word AS text) WITH FUNCTION tenant_b.shown(tenant_b.word)`)
    const { rows } = await admin.query(`SELECT 'x'::tenant_b.word::text AS shown, current_user::text AS reader`)
    expect(rows[0].shown).toBe(rows[0].reader)
  })
})

describe('functions of the store', () => {
  const evil = `
    CREATE OR REPLACE FUNCTION tenant_b.jsonb_each_text(jsonb) RETURNS TABLE (code text, times text) LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'taken over'; END $$;
    CREATE OR REPLACE FUNCTION tenant_b.jsonb_object_agg_step(jsonb, text, numeric) RETURNS jsonb LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'taken over'; END $$;
    CREATE OR REPLACE AGGREGATE tenant_b.jsonb_object_agg(text, numeric) (SFUNC = tenant_b.jsonb_object_agg_step, STYPE = jsonb);
    CREATE OR REPLACE FUNCTION tenant_b.equal(bigint, bigint) RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'taken over'; END $$;
    CREATE OPERATOR tenant_b.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = tenant_b.equal)`

  it('call nothing of another schema, with any search_path of the caller', async () => {
    await b.client.query(evil)
    await owner.client.query(`GRANT USAGE ON SCHEMA tenant_b TO CURRENT_USER; SET search_path = tenant_b, pg_catalog`)
    await expect(owner.client.query('SELECT 1::bigint = 1::bigint')).rejects.toThrow('taken over')
    const { rows } = await owner.client.query('SELECT headgate.run_warnings($1) AS warnings, headgate.may_load($2), headgate.tenant_prefixes()', [
      theirs.id,
      'tenant_a.orders',
    ])
    expect(rows[0]).toMatchObject({ warnings: { w: 3 } })
    await owner.client.query('RESET search_path')
  })

  it('have a fixed search_path, and run with the rights of their caller unless they are triggers of the store', async () => {
    const { rows } = await admin.query(`SELECT proname FROM pg_proc WHERE pronamespace = 'headgate'::regnamespace
      AND ((prosecdef AND prorettype <> 'trigger'::regtype) OR NOT coalesce(proconfig && ARRAY['search_path=pg_catalog', 'search_path=pg_catalog, pg_temp'], false))`)
    expect(rows).toEqual([])
  })
})

describe('the search_path of our connections', () => {
  const pathOf = async (url: string) => {
    const client = await openConnection(url, { applicationName: 'headgate test' })
    try {
      const { rows } = await client.query('SELECT current_schemas(false)::text[] AS schemas')
      return rows[0].schemas
    } finally {
      await client.end()
    }
  }
  const other = { namespace: 'tenant-b', schemas: [], createSchemas: true }

  beforeAll(async () => {
    await inTransaction(owner.client, (tx) => admitTenant(tx, { ...other, role: b.role }))
  })
  afterAll(async () => {
    for (const { role } of [owner, a]) await admin.query(`DROP SCHEMA IF EXISTS ${role} CASCADE`)
  })

  it('leaves out a schema that a tenant has named like another role', async () => {
    for (const { role } of [owner, a]) {
      await b.client.query(`CREATE SCHEMA ${role}; GRANT USAGE ON SCHEMA ${role} TO PUBLIC;
        CREATE FUNCTION ${role}.equal(name, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'taken over'; END $$;
        CREATE OPERATOR ${role}.= (LEFTARG = name, RIGHTARG = text, FUNCTION = ${role}.equal)`)
    }
    expect(await pathOf(a.url)).toEqual(['public'])
    expect(await pathOf(owner.url)).toEqual(['public'])
    expect((await loading(a.client, { table: 'tenant_a.unharmed', createTable: true })).plan.destination.name).toBe('unharmed')
    const store = openStore(owner.url, () => {})
    expect(await store.read([theirs.name])).toEqual(new Map([[theirs.name, expect.anything()]]))
    await store.close()
  })

  it('keeps the role’s own schema and the setting of an administrator', async () => {
    await admin.query(`DROP SCHEMA ${a.role} CASCADE; CREATE SCHEMA ${a.role} AUTHORIZATION ${a.role}`)
    expect(await pathOf(a.url)).toEqual([a.role, 'public'])
    await admin.query(`ALTER ROLE ${a.role} SET search_path = tenant_a, "$user", public`)
    expect(await pathOf(a.url)).toEqual(['tenant_a', a.role, 'public'])
    await admin.query(`DROP SCHEMA ${a.role}`)
    expect(await pathOf(a.url)).toEqual(['tenant_a', 'public'])
  })
})
