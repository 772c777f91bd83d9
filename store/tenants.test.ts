import { randomBytes } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { inTransaction } from '../test/support/loading.ts'
import { plannedRun } from '../test/support/store.ts'
import { freshTenants } from '../test/support/tenants.ts'
import { listRuns } from './runs.ts'
import { scramVerifier } from './scram.ts'
import { admitTenant, type TenantRequest } from './tenants.ts'

const { admin, owner, a, b } = await freshTenants()
const suffix = randomBytes(4).toString('hex')
const extra = `headgate_extra_${suffix}`
const request: TenantRequest = { namespace: 'tenant-a', role: extra, schemas: [], createSchemas: false }
const admit = (more: Partial<TenantRequest> = {}, by = owner.client) => inTransaction(by, (tx) => admitTenant(tx, { ...request, ...more }))

afterAll(async () => {
  await admin.query(`DROP OWNED BY ${extra} CASCADE`)
  await admin.query(`DROP ROLE ${extra}`)
})

describe('the schema headgate', () => {
  // docs/architecture.md explains how to add the policies of a new table.
  it('has a policy for every table, and one for ids where they come from a sequence', async () => {
    const { rows } = await admin.query(`
      SELECT c.relname AS table, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
        ARRAY(SELECT polname::text FROM pg_policy WHERE polrelid = c.oid ORDER BY 1) AS policies,
        EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attidentity <> '') AS numbered
      FROM pg_class AS c WHERE c.relnamespace = 'headgate'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`)
    expect(rows.length).toBeGreaterThanOrEqual(10)
    for (const { table, enabled, forced, policies, numbered } of rows) {
      expect({ table, enabled, forced, policies }).toEqual({
        table,
        enabled: true,
        forced: false,
        policies: expect.arrayContaining(numbered ? ['own_id', 'tenant'] : ['tenant']),
      })
    }
  })

  it('has no view that reads with the rights of its owner, and no materialized view', async () => {
    const { rows } = await admin.query(`
      SELECT relname FROM pg_class WHERE relnamespace = 'headgate'::regnamespace
      AND (relkind = 'm' OR (relkind = 'v' AND NOT coalesce(reloptions @> ARRAY['security_invoker=true'], false)))`)
    expect(rows).toEqual([])
  })

  it('grants a tenant rights on tables that later migrations add', async () => {
    await owner.client.query('CREATE TABLE headgate.later (id bigint GENERATED ALWAYS AS IDENTITY)')
    const { rows } = await a.client.query(
      `SELECT has_table_privilege('headgate.later', 'INSERT') AS inserts, has_sequence_privilege('headgate.later_id_seq', 'SELECT') AS numbers`,
    )
    expect(rows).toEqual([{ inserts: true, numbers: true }])
    await owner.client.query('DROP TABLE headgate.later')
  })
})

describe('admitting a tenant', () => {
  it('creates the role, and can be repeated, even concurrently', async () => {
    const both = await Promise.all([admit(), admit({}, admin)])
    expect(both.map(({ created }) => created).sort()).toEqual([false, true])
    expect(await admit({ schemas: ['tenant_a'] })).toEqual({ role: extra, created: false, namespaces: ['tenant-a'] })
    expect(await admit({ namespace: 'more' })).toEqual({ role: extra, created: false, namespaces: ['more', 'tenant-a'] })
  })

  it('includes the namespaces of roles that a role is a member of', async () => {
    await plannedRun(owner.client, { pipeline: 'more/orders' })
    await plannedRun(owner.client, { pipeline: 'tenant-b/orders' })
    const seen = async () => [...new Set((await listRuns(b.client, { limit: 10 })).items.map(({ pipeline }) => pipeline))].sort()
    expect(await seen()).toEqual(['tenant-b/orders'])
    await admin.query(`GRANT ${extra} TO ${b.role}`)
    expect(await seen()).toEqual(['more/orders', 'tenant-b/orders'])
    await admin.query(`REVOKE ${extra} FROM ${b.role}`)
    expect(await seen()).toEqual(['tenant-b/orders'])
  })

  it.each([
    ['SUPERUSER', 'NOSUPERUSER', 'is a superuser'],
    ['BYPASSRLS', 'NOBYPASSRLS', 'bypasses row-level security'],
    ['CREATEROLE', 'NOCREATEROLE', 'may create roles'],
    ['REPLICATION', 'NOREPLICATION', 'may replicate the database'],
  ])('refuses a role with %s', async (attribute, without, says) => {
    await admin.query(`ALTER ROLE ${extra} ${attribute}`)
    await expect(admit({}, admin)).rejects.toMatchObject({ code: 'TenantRefused', retryable: false, message: expect.stringContaining(says) })
    await admin.query(`ALTER ROLE ${extra} ${without}`)
  })

  it('refuses a member of the owner, directly or through another role', async () => {
    const [direct, indirect] = [`direct_${suffix}`, `indirect_${suffix}`]
    await admin.query(`CREATE ROLE ${direct}; CREATE ROLE ${indirect}; GRANT ${owner.role} TO ${direct}; GRANT ${direct} TO ${indirect}`)
    for (const role of [direct, indirect]) {
      await expect(admit({ role }, admin)).rejects.toMatchObject({
        code: 'TenantRefused',
        message: expect.stringContaining('is a member of the store’s owner'),
      })
    }
    await admin.query(`DROP ROLE ${direct}, ${indirect}`)
  })

  it.each([
    [{ namespace: 'Tenant' }, 'is not the name of a namespace'],
    [{ namespace: 'a/b' }, 'is not the name of a namespace'],
    [{ namespace: '' }, 'is not the name of a namespace'],
    [{ role: 'pg_monitor' }, 'cannot be the name'],
    [{ role: 'x'.repeat(64) }, 'cannot be the name'],
    [{ schemas: ['headgate'] }, 'is reserved'],
    [{ schemas: ['Headgate_Stage'] }, 'is reserved'],
  ])('refuses %j', async (more, says) => {
    await expect(admit(more)).rejects.toMatchObject({ code: 'TenantRefused', message: expect.stringContaining(says) })
  })

  it('refuses a schema that belongs to another tenant', async () => {
    await admin.query(`CREATE SCHEMA of_b_${suffix} AUTHORIZATION ${b.role}`)
    await expect(admit({ schemas: [`of_b_${suffix}`] })).rejects.toMatchObject({ code: 'TenantRefused', message: expect.stringContaining(b.role) })
    expect(
      await inTransaction(owner.client, (tx) => admitTenant(tx, { ...request, role: b.role, namespace: 'tenant-b', schemas: [`of_b_${suffix}`] })),
    ).toMatchObject({
      created: false,
    })
  })

  it('refuses a tenant that may create functions in schema public, unless that schema is requested', async () => {
    await admin.query('GRANT CREATE ON SCHEMA public TO PUBLIC')
    await expect(admit()).rejects.toMatchObject({ code: 'TenantRefused', message: expect.stringContaining('REVOKE CREATE ON SCHEMA public') })
    expect(await admit({ schemas: ['public'] }, admin)).toMatchObject({ created: false })
    await admin.query(`REVOKE CREATE ON SCHEMA public FROM PUBLIC, ${extra}`)
  })

  it('requires the owner of the store, who must own the schema of staging tables too', async () => {
    await expect(admit({}, a.client)).rejects.toMatchObject({ code: 'TenantRefused', message: expect.stringContaining(owner.role) })
    await admin.query(`ALTER SCHEMA headgate_stage OWNER TO ${b.role}`)
    await expect(admit()).rejects.toMatchObject({ code: 'TenantRefused', message: expect.stringContaining('ALTER SCHEMA headgate_stage OWNER TO') })
    await admin.query(`ALTER SCHEMA headgate_stage OWNER TO ${owner.role}`)
  })

  it('lets a role create schemas only if requested', async () => {
    const may = async () => (await admin.query(`SELECT has_database_privilege($1, current_database(), 'CREATE') AS may`, [extra])).rows[0].may
    expect(await may()).toBe(false)
    await admit({ createSchemas: true })
    expect(await may()).toBe(true)
  })
})

it('sends the server only the SCRAM verifier of a password', () => {
  // The example of RFC 7677.
  expect(scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  )
})
