// A store of several tenants: an owner that is no superuser, and a role for each of two namespaces, admitted as an administrator does it.
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll } from 'vitest'
import { migrate } from '../../store/migrate.ts'
import { admitTenant } from '../../store/tenants.ts'
import { freshDatabase } from './database.ts'
import { inTransaction } from './loading.ts'

export type TestRole = { role: string; url: string; client: pg.Client }
export type TestTenant = TestRole & { namespace: string; schema: string }
export type TenantStore = {
  /** A superuser. */
  admin: pg.Client
  owner: TestRole
  a: TestTenant
  b: TestTenant
}

const password = 'Zürich-ﬁ-4711'

/** Call at the test file's top level. */
export async function freshTenants(): Promise<TenantStore> {
  const { client: admin, url } = await freshDatabase()
  const suffix = randomBytes(4).toString('hex')
  const clients: pg.Client[] = []
  const connected = async (role: string): Promise<TestRole> => {
    const place = new URL(url)
    place.username = role
    place.password = encodeURIComponent(password)
    const client = new pg.Client({ connectionString: place.href })
    await client.connect()
    clients.push(client)
    return { role, url: place.href, client }
  }
  const roles = { owner: `owner_${suffix}`, a: `headgate_a_${suffix}`, b: `headgate_b_${suffix}` }
  const database = pg.escapeIdentifier(new URL(url).pathname.slice(1))
  await admin.query(`CREATE ROLE ${roles.owner} LOGIN CREATEROLE PASSWORD ${pg.escapeLiteral(password)}; ALTER DATABASE ${database} OWNER TO ${roles.owner}`)
  afterAll(async () => {
    for (const client of clients) await client.end()
    await admin.query(`ALTER DATABASE ${database} OWNER TO CURRENT_USER`)
    // One by one: default privileges of the owner name the tenants.
    for (const role of [roles.a, roles.b, roles.owner]) await admin.query(`DROP OWNED BY ${role} CASCADE`)
    await admin.query(`DROP ROLE ${Object.values(roles).join(', ')}`)
  })
  const owner = await connected(roles.owner)
  await migrate(owner.client)
  const admitted = async (role: string, namespace: string): Promise<TestTenant> => {
    const schema = namespace.replace('-', '_')
    await inTransaction(owner.client, (tx) => admitTenant(tx, { namespace, role, schemas: [schema], createSchemas: false, password }))
    return { ...(await connected(role)), namespace, schema }
  }
  return { admin, owner, a: await admitted(roles.a, 'tenant-a'), b: await admitted(roles.b, 'tenant-b') }
}
