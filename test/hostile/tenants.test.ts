// One store, several tenants, one of them hostile: what a role admitted to tenant-b may do to the runs of tenant-a. docs/security.md, "The store".
import { beforeAll, describe, expect, it } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { stagingTables } from '../../runner/loaders/postgres/staging.ts'
import { openConnection } from '../../store/connection.ts'
import { listEvents, listRuns, type Run } from '../../store/runs.ts'
import { sessionName } from '../../store/sessions.ts'
import { primaryKeyColumns } from '../../store/table-key.ts'
import { traceKey } from '../../store/trace.ts'
import { type Destination, deliver, scratchFolder, written } from '../property/delivery.ts'
import { inTransaction, orderSchema } from '../support/loading.ts'
import { specFor } from '../support/store.ts'
import { freshTenants, type TestTenant } from '../support/tenants.ts'

const { admin, owner, a, b } = await freshTenants()
const folder = scratchFolder()
const denied = { code: '42501' }
let runs = 0

function spec(table: string, destination: Omit<Destination, 'table'> = {}): PipelineSpec {
  return {
    source: { files: { paths: ['*.csv'] } },
    format: { csv: {} },
    schema: orderSchema,
    destination: { postgres: { table, createTable: true, ...destination } },
  }
}

function run(tenant: TestTenant, content: string, destination: Omit<Destination, 'table'> = {}, table = 'orders'): Promise<Run> {
  const name = `${tenant.namespace}/orders-${++runs}`
  return deliver(
    { client: tenant.client, url: tenant.url, connect: async () => tenant.client },
    {
      name,
      pipeline: `${tenant.namespace}/orders`,
      folder: written(folder, `run-${runs}`, { 'a.csv': `id,name\n${content}`, 'b.csv': 'id,name\n900,b\n' }),
      spec: spec(`${tenant.schema}.${table}`, destination),
      manner: { workers: 2, batchSize: 2 },
    },
  )
}

const insertRun = (name: string, pipeline: string) => `INSERT INTO headgate.run (name, pipeline, spec, spec_hash, workers, batch_size)
  VALUES ('${name}', '${pipeline}', '{}', '', 1, 1)`

let theirs: Run

beforeAll(async () => {
  theirs = await run(a, '1,secret-of-a\nx,secret-of-a\n2,\n')
})

describe('each tenant', () => {
  it.each([
    { mode: 'Upsert' },
    { mode: 'Upsert', publish: 'PerRun' },
    { mode: 'Append', publish: 'PerRun' },
    { mode: 'Replace' },
    { mode: 'Snapshot' },
  ] as const)('loads in mode $mode with nothing but the rights it was admitted with, rejects records and supersedes them', async (destination) => {
    const table = Object.values(destination).join('_')
    for (const tenant of [a, b]) {
      expect(await run(tenant, '1,one\nx,two\n2,\n', destination, table)).toMatchObject({ state: 'Succeeded', counts: { read: 4, quarantined: 1 } })
      expect(await run(tenant, '1,other\n2,\n', destination, table)).toMatchObject({ state: 'Succeeded', counts: { read: 3 } })
    }
    expect(await stagingTables(admin)).toEqual([])
  })

  it('sees its own runs in tables, views and commands, and no others', async () => {
    const mine = await run(b, '1,mine\nx,mine\n')
    for (const table of ['run', 'run_summary', 'quarantine']) {
      const { rows } = await b.client.query(`SELECT DISTINCT pipeline FROM headgate.${table}`)
      expect(rows, table).toEqual([{ pipeline: 'tenant-b/orders' }])
    }
    expect((await listRuns(b.client, { limit: 1000 })).items.map(({ pipeline }) => pipeline)).not.toContain('tenant-a/orders')
    expect(await listEvents(b.client, mine.id)).toEqual(await listEvents(admin, mine.id))
    const key = { id: '1' }
    expect(await primaryKeyColumns(b.client, 'tenant_b.orders')).toEqual(['id'])
    expect(await traceKey(b.client, { table: 'tenant_b.orders', key })).toMatchObject({ origin: { run: { name: mine.name } } })
  })

  it('and the owner of the store sees all of the store, and nothing of the destinations', async () => {
    await expect(owner.client.query('SELECT FROM tenant_a.orders')).rejects.toMatchObject(denied)
    const { rows } = await owner.client.query('SELECT DISTINCT pipeline FROM headgate.run_summary ORDER BY 1')
    expect(rows).toEqual([{ pipeline: 'tenant-a/orders' }, { pipeline: 'tenant-b/orders' }])
  })
})

describe('a hostile tenant', () => {
  /** Table → its column that names A's run, and its rows of it. */
  const tables = { run: 'id', run_event: 'run', slice: 'run', batch: 'run', worker: 'run', quarantine: 'run', quarantine_occurrence: 'run' }

  beforeAll(async () => {
    await a.client.query(`INSERT INTO headgate.run_event (run, code, message) VALUES ($1, 'Test', 'of a')`, [theirs.id])
    await a.client.query(`INSERT INTO headgate.worker VALUES ('pod-a/1', $1, '1 min', now())`, [theirs.id])
  })

  it.each(Object.entries(tables))('neither reads, changes nor deletes rows of headgate.%s', async (table, column) => {
    const rowsOf = async () => (await admin.query(`SELECT * FROM headgate.${table} WHERE ${column} = $1`, [theirs.id])).rows
    const before = await rowsOf()
    expect(before.length).toBeGreaterThan(0)
    const where = `WHERE ${column} = ${theirs.id}`
    expect((await b.client.query(`SELECT * FROM headgate.${table} ${where}`)).rows).toEqual([])
    expect((await b.client.query(`SELECT FROM headgate.${table} ${where} FOR UPDATE`)).rowCount).toBe(0)
    const free = table === 'run' ? 'name' : column
    expect((await b.client.query(`UPDATE headgate.${table} SET ${free} = ${free} ${where}`)).rowCount).toBe(0)
    expect((await b.client.query(`DELETE FROM headgate.${table} ${where}`)).rowCount).toBe(0)
    await b.client.query(`DELETE FROM headgate.${table} WHERE false`)
    await expect(b.client.query(`TRUNCATE headgate.${table} CASCADE`)).rejects.toMatchObject(denied)
    expect(await rowsOf()).toEqual(before)
  })

  it('learns nothing through conditions evaluated by its own function', async () => {
    await b.client.query(`CREATE TABLE IF NOT EXISTS tenant_b.seen (what text);
      CREATE OR REPLACE FUNCTION tenant_b.peek(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$
      BEGIN INSERT INTO tenant_b.seen VALUES ($1); RETURN true; END $$`)
    for (const expression of ['pipeline FROM headgate.run', 'raw FROM headgate.quarantine', 'name FROM headgate.slice', 'message FROM headgate.run_event']) {
      const [column, , table] = expression.split(' ')
      await b.client.query(`SELECT count(*) FROM ${table} WHERE tenant_b.peek(${column}::text)`)
    }
    const { rows } = await b.client.query(
      `SELECT count(*)::int AS leaked FROM tenant_b.seen WHERE what LIKE '%tenant-a%' OR what LIKE '%secret-of-a%' OR what = 'of a'`,
    )
    expect(rows).toEqual([{ leaked: 0 }])
  })

  it('reads nothing through views and functions of the store', async () => {
    expect((await b.client.query('SELECT * FROM headgate.run_summary WHERE id = $1', [theirs.id])).rows).toEqual([])
    expect((await b.client.query('SELECT headgate.run_warnings($1) AS warnings', [theirs.id])).rows).toEqual([{ warnings: {} }])
    expect((await b.client.query('SELECT headgate.tenant_prefixes() AS prefixes')).rows).toEqual([{ prefixes: ['tenant-b/'] }])
    expect((await b.client.query('SELECT role, namespace FROM headgate.tenant')).rows).toEqual([{ role: b.role, namespace: 'tenant-b' }])
  })

  it.each([
    ['a run of A’s pipeline', () => insertRun('tenant-b/planted', 'tenant-a/orders')],
    ['a run under A’s name', () => insertRun('tenant-a/orders-next', 'tenant-b/orders')],
    ['a run without a namespace', () => insertRun('planted', 'orders')],
    ['a run whose pipeline is called like its namespace', () => insertRun('planted', 'tenant-b')],
    ['a run whose pipeline begins like its namespace', () => insertRun('planted', 'tenant-bb/orders')],
    ['an event', () => `INSERT INTO headgate.run_event (run, code, message) VALUES (${theirs.id}, 'Planted', '')`],
    ['a slice', () => `INSERT INTO headgate.slice (run, ordinal, kind, input, name, spec) VALUES (${theirs.id}, 99, 'read', 0, '', '{}')`],
    ['a slice that is there', () => `INSERT INTO headgate.slice (run, ordinal, kind, input, name, spec) VALUES (${theirs.id}, 0, 'read', 0, '', '{}')`],
    [
      'a batch',
      () => `INSERT INTO headgate.batch (run, slice, ordinal, epoch, input, read, loaded, unchanged, superseded, filtered, quarantined, parked)
        VALUES (${theirs.id}, 0, 99, 1, 0, 0, 0, 0, 0, 0, 0, 0)`,
    ],
    ['a worker', () => `INSERT INTO headgate.worker VALUES ('planted', ${theirs.id}, '1 min', now())`],
    ['an occurrence', () => `INSERT INTO headgate.quarantine_occurrence VALUES (${theirs.id}, 0, 99, 1)`],
    [
      'a quarantine entry',
      () => `INSERT INTO headgate.quarantine (pipeline, run, slice, input, position, raw, errors, codes, fingerprint, digest, state, last_run, pos)
        VALUES ('tenant-a/orders', ${theirs.id}, 0, '', 0, '', '[]', '{}', '', '', 'open', ${theirs.id}, 0)`,
    ],
    ['a namespace', () => `INSERT INTO headgate.tenant VALUES ('${b.role}', 'tenant-a')`],
    ['a migration', () => `INSERT INTO headgate.migration (name, run_on) VALUES ('0099_planted', now())`],
    ['a destination ahead of all runs', () => `INSERT INTO headgate.destination (name, whole_run) VALUES ('tenant_b.ahead', 1000000)`],
    [
      'the number that the next run gets',
      () =>
        insertRun('tenant-b/number', 'tenant-b/orders')
          .replace('(name', '(id, name')
          .replace(`VALUES ('`, `OVERRIDING SYSTEM VALUE VALUES ((SELECT last_value + 1 FROM headgate.run_id_seq), '`),
    ],
  ])('plants nothing in A’s name: %s', async (_, statement) => {
    await expect(b.client.query(statement())).rejects.toThrow(/row-level security|permission denied|currval/)
  })

  it('moves no row of its own into A’s namespace', async () => {
    const mine = await run(b, '5,mine\nx,mine\n')
    for (const change of [
      `UPDATE headgate.run SET pipeline = 'tenant-a/orders' WHERE id = ${mine.id}`,
      `UPDATE headgate.run SET name = 'tenant-a/orders-moved' WHERE id = ${mine.id}`,
      `UPDATE headgate.slice SET run = ${theirs.id}, ordinal = 98 WHERE run = ${mine.id} AND ordinal = 0`,
      `UPDATE headgate.quarantine SET pipeline = 'tenant-a/orders' WHERE last_run = ${mine.id}`,
      `UPDATE headgate.quarantine_occurrence SET run = ${theirs.id} WHERE run = ${mine.id}`,
    ]) {
      await expect(b.client.query(change), change).rejects.toThrow(/row-level security/)
    }
  })

  it('neither moves nor makes the destination row of a table it may not load', async () => {
    await owner.client.query(`INSERT INTO headgate.destination (name) VALUES ('tenant_a.orders'), ('tenant_b.orders') ON CONFLICT DO NOTHING`)
    await expect(b.client.query(`INSERT INTO headgate.destination (name, whole_run) VALUES ('tenant_a.coming', 1)`)).rejects.toThrow(/row-level security/)
    await expect(b.client.query(`DELETE FROM headgate.destination WHERE name = 'tenant_a.orders'`)).resolves.toMatchObject({ rowCount: 0 })
    const { rows } = await owner.client.query(`SELECT id FROM headgate.destination WHERE name = 'tenant_a.orders'`)
    const mine = await run(b, '1,mine\n')
    await b.client.query('UPDATE headgate.run SET destination = $1 WHERE id = $2', [rows[0].id, mine.id])
    expect((await b.client.query('UPDATE headgate.destination SET whole_run = $1 WHERE id = $2', [mine.id, rows[0].id])).rowCount).toBe(0)
    expect((await a.client.query(`UPDATE headgate.destination SET whole_run = $1 WHERE name = 'tenant_a.orders'`, [theirs.id])).rowCount).toBe(1)
  })

  it.each([
    'SELECT * FROM tenant_a.orders',
    'INSERT INTO tenant_a.orders VALUES (9)',
    'DROP TABLE tenant_a.orders',
    'CREATE TABLE tenant_a.planted ()',
    'CREATE TABLE public.planted ()',
    'CREATE SCHEMA planted',
  ])('has no right to: %s', async (statement) => {
    await expect(b.client.query(statement)).rejects.toThrow(/permission denied|must be owner/)
  })

  it.each([
    'SET session_replication_role = replica',
    'ALTER TABLE headgate.run DISABLE ROW LEVEL SECURITY',
    'DROP POLICY tenant ON headgate.run',
    'CREATE TRIGGER t AFTER INSERT ON headgate.run EXECUTE FUNCTION tenant_b.peek()',
    'CREATE TABLE tenant_b.holder (run bigint REFERENCES headgate.run)',
    'DROP SCHEMA headgate_stage CASCADE',
    'CREATE FUNCTION headgate.run_warnings(integer) RETURNS jsonb LANGUAGE sql RETURN NULL',
    'ALTER FUNCTION headgate.run_warnings(bigint) RESET ALL',
    'CREATE PUBLICATION p FOR TABLE headgate.run',
    'ALTER ROLE CURRENT_USER BYPASSRLS',
  ])('does not get around the policies: %s', async (statement) => {
    await expect(b.client.query(statement)).rejects.toMatchObject(denied)
  })

  it('gets an error if it turns policies off', async () => {
    await b.client.query('BEGIN; SET LOCAL row_security = off')
    await expect(b.client.query('SELECT * FROM headgate.run')).rejects.toMatchObject(denied)
    await b.client.query('ROLLBACK')
    await expect(b.client.query(`SET ROLE ${a.role}`)).rejects.toMatchObject(denied)
    await expect(b.client.query(`SET SESSION AUTHORIZATION ${a.role}`)).rejects.toMatchObject(denied)
  })

  it('terminates no connection of A, not even one named like its own dead worker', async () => {
    const living = await openConnection(a.url, { applicationName: sessionName('pod/b-worker', 'tenant-b/orders') })
    const { rows } = await living.query('SELECT pg_backend_pid() AS pid')
    await expect(b.client.query('SELECT pg_terminate_backend($1)', [rows[0].pid])).rejects.toMatchObject(denied)
    const seen = await b.client.query('SELECT query FROM pg_stat_activity WHERE pid = $1', [rows[0].pid])
    expect(seen.rows).toEqual([{ query: '<insufficient privilege>' }])
    await living.end()
  })
})

it('a role whose namespace is taken away sees nothing, although it keeps its rights', async () => {
  await inTransaction(owner.client, async (tx) => {
    await tx.query('DELETE FROM headgate.tenant WHERE role = $1', [b.role])
    await tx.query('COMMIT')
    expect((await b.client.query('SELECT FROM headgate.run')).rowCount).toBe(0)
    await tx.query('BEGIN')
    await tx.query(`INSERT INTO headgate.tenant VALUES ($1, 'tenant-b')`, [b.role])
  })
  expect((await b.client.query('SELECT FROM headgate.run')).rowCount).toBeGreaterThan(0)
})

it('a run of another store than the cluster’s is not taken for a tenant’s: names without a namespace are the owner’s', async () => {
  await owner.client.query(`INSERT INTO headgate.run (name, pipeline, spec, spec_hash, workers, batch_size) VALUES ('local', 'tenant-b', $1, '', 1, 1)`, [
    JSON.stringify(specFor('x.y')),
  ])
  expect((await b.client.query(`SELECT FROM headgate.run WHERE name = 'local'`)).rowCount).toBe(0)
})
