import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { freshTenants } from '../../test/support/tenants.ts'
import { tenantCommand } from './tenant.ts'

const { admin, owner } = await freshTenants()
const suffix = randomBytes(4).toString('hex')
const namespace = `sales-${suffix}`
const role = `headgate_sales_${suffix}`
let said = ''
const terminal = { form: 'text' as const, program: 'headgate', colours: false, write: (text: string) => (said += text) }

afterAll(async () => {
  await admin.query(`DROP OWNED BY ${role} CASCADE`)
  await admin.query(`DROP ROLE ${role}`)
})
afterEach(() => {
  said = ''
  vi.unstubAllEnvs()
})

test('one command creates a tenant, which can log in with the password from the environment', async () => {
  vi.stubEnv('HEADGATE_TENANT_PASSWORD', 'first')
  expect(await tenantCommand(namespace, { database: owner.url, schema: [`sales_${suffix}`] }, terminal)).toBe(0)
  expect(said).toBe(`Role ${role}, which was created, sees and runs the pipelines of ${namespace}, and may create tables in sales_${suffix}.\n`)
  const url = new URL(owner.url)
  url.username = role
  url.password = 'first'
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  await client.query(`CREATE TABLE sales_${suffix}.t ()`)
  await client.end()
})

test('repeating it keeps the password, and lists all namespaces of the role', async () => {
  const passwords = () => admin.query('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [role])
  const before = await passwords()
  expect(before.rows[0].rolpassword).toMatch(/^SCRAM-SHA-256\$/)
  await tenantCommand('finance', { database: owner.url, role }, { ...terminal, form: 'json' })
  expect(JSON.parse(said)).toEqual({ role, created: false, namespaces: ['finance', namespace], schemas: [] })
  expect((await passwords()).rows).toEqual(before.rows)
})

test('a role for all namespaces has to be named', async () => {
  await expect(tenantCommand('*', { database: owner.url }, terminal)).rejects.toMatchObject({ code: 'InvalidConfig' })
  await tenantCommand('*', { database: owner.url, role }, terminal)
  expect(said).toContain('the pipelines of all namespaces')
})

test('an error of a statement does not contain the owner’s password', async () => {
  vi.stubEnv('HEADGATE_TENANT_PASSWORD', 'hunter2')
  const refusal = await tenantCommand('x', { database: owner.url, role: 'postgres' }, terminal).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: expect.stringMatching(/TenantRefused|StoreDenied/) })
  expect(String(refusal)).not.toContain('hunter2')
})
