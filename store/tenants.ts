// Tenants: database roles that can read and write only the runs of their namespaces. Called by `headgate store tenant`.
import pg from 'pg'
import { isReservedSchema } from '../crds/reserved-schemas.ts'
import { HeadgateError } from '../sdk/index.ts'
import { onlyRow, type Queryable, type Row } from './queryable.ts'
import { scramVerifier } from './scram.ts'

export type TenantRequest = {
  /** Namespace of the role: it may access pipelines named `<namespace>/…`. `*` means all pipelines, including those without a namespace. */
  namespace: string
  role: string
  /** Schemas in which the role may create tables. Missing schemas are created. */
  schemas: readonly string[]
  /** Whether the role may create further schemas. */
  createSchemas: boolean
  /** New password of the role. If undefined, the password is not changed. */
  password?: string | undefined
}

export type Tenant = { role: string; created: boolean; namespaces: string[] }

const quote = pg.escapeIdentifier

/**
 * Grants a role the rights of a worker on one namespace, and creates the role if it does not exist. Takes an open transaction of the role
 * that owns the store. Safe to repeat: grants missing rights and revokes none. Throws TenantRefused.
 */
export async function admitTenant(tx: Queryable, request: TenantRequest): Promise<Tenant> {
  checkRequest(request)
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('headgate tenant', 0))`)
  const owner = await storeOwner(tx)
  const created = await makeRole(tx, request)
  await checkRole(tx, request.role, owner)
  await grantStore(tx, request, owner)
  for (const schema of request.schemas) await grantSchema(tx, request.role, schema)
  if (request.namespace !== '*') await checkPublic(tx, request)
  await tx.query('INSERT INTO headgate.tenant (role, namespace) VALUES ($1, $2) ON CONFLICT DO NOTHING', [request.role, request.namespace])
  const { rows } = await tx.query('SELECT namespace FROM headgate.tenant WHERE role = $1 ORDER BY namespace', [request.role])
  return { role: request.role, created, namespaces: rows.map((row) => row.namespace as string) }
}

function checkRequest({ namespace, role, schemas }: TenantRequest): void {
  if (namespace !== '*' && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)) {
    throw new HeadgateError('TenantRefused', `${namespace} is not the name of a namespace; use lower case letters, digits and hyphens, or * for all namespaces`)
  }
  if (Buffer.byteLength(role) > 63 || role === '' || /^pg_|^public$|\0/.test(role)) {
    throw new HeadgateError('TenantRefused', `${role} cannot be the name of a tenant's role; give another --role, of at most 63 bytes`)
  }
  const reserved = schemas.find(isReservedSchema)
  if (reserved !== undefined)
    throw new HeadgateError('TenantRefused', `schema ${reserved} is reserved and cannot be granted to a tenant; give another --schema`)
}

async function storeOwner(tx: Queryable): Promise<string> {
  const { rows } = await tx.query(
    `SELECT pg_get_userbyid(relowner) AS owner, pg_has_role(relowner, 'USAGE') AS ours FROM pg_class WHERE oid = 'headgate.run'::regclass`,
  )
  const { owner, ours } = onlyRow(rows)
  if (ours !== true) throw new HeadgateError('TenantRefused', `only the owner of the store, ${String(owner)}, may admit tenants; connect with that role`)
  return owner as string
}

/** Returns whether the role was created. */
async function makeRole(tx: Queryable, { role, password }: TenantRequest): Promise<boolean> {
  const { rows } = await tx.query('SELECT FROM pg_roles WHERE rolname = $1', [role])
  const created = rows.length === 0
  if (created) await tx.query(`CREATE ROLE ${quote(role)} LOGIN`)
  if (password !== undefined) await tx.query(`ALTER ROLE ${quote(role)} PASSWORD ${pg.escapeLiteral(scramVerifier(password))}`)
  return created
}

/** Refuses a role that row-level security does not restrict, or that could circumvent it. */
async function checkRole(tx: Queryable, role: string, owner: string): Promise<void> {
  const { rows } = await tx.query(
    `SELECT rolsuper AS "is a superuser", rolbypassrls AS "bypasses row-level security", rolcreaterole AS "may create roles",
      rolreplication AS "may replicate the database", pg_has_role(oid, $2, 'MEMBER') AS "is a member of the store’s owner"
    FROM pg_roles WHERE rolname = $1`,
    [role, owner],
  )
  const reasons = Object.entries(onlyRow(rows) as Row).flatMap(([reason, applies]) => (applies === true ? [reason] : []))
  if (reasons.length > 0)
    throw new HeadgateError('TenantRefused', `role ${role} ${reasons.join(' and ')}, so policies could not restrict it to its namespace; give another --role`)
}

async function grantStore(tx: Queryable, { role, createSchemas }: TenantRequest, owner: string): Promise<void> {
  const to = quote(role)
  const byOwner = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quote(owner)} IN SCHEMA headgate`
  await grantStage(tx, to, owner)
  await tx.query(`
    GRANT USAGE ON SCHEMA headgate TO ${to};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA headgate TO ${to};
    REVOKE INSERT, UPDATE, DELETE ON headgate.migration, headgate.tenant FROM ${to};
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA headgate TO ${to};
    ${byOwner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${to};
    ${byOwner} GRANT SELECT ON SEQUENCES TO ${to}`)
  if (createSchemas) {
    const database = onlyRow((await tx.query('SELECT current_database() AS name')).rows).name as string
    await tx.query(`GRANT CREATE ON DATABASE ${quote(database)} TO ${to}`)
  }
}

/** The owner of the schema may drop every table in it, so it must be the store's own. */
async function grantStage(tx: Queryable, to: string, owner: string): Promise<void> {
  const { rows } = await tx.query(`SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = 'headgate_stage'`)
  if (rows.length === 0) await tx.query(`CREATE SCHEMA headgate_stage AUTHORIZATION ${quote(owner)}`)
  else if (rows[0]?.owner !== owner) {
    throw new HeadgateError(
      'TenantRefused',
      `schema headgate_stage belongs to role ${String(rows[0]?.owner)}, which could drop the staging tables of all tenants; run as a superuser: ALTER SCHEMA headgate_stage OWNER TO ${quote(owner)}`,
    )
  }
  await tx.query(`GRANT USAGE, CREATE ON SCHEMA headgate_stage TO ${to}`)
}

async function grantSchema(tx: Queryable, role: string, schema: string): Promise<void> {
  const { rows } = await tx.query(
    `SELECT pg_get_userbyid(nspowner) AS owner,
      pg_get_userbyid(nspowner) <> $2 AND EXISTS (SELECT FROM headgate.tenant WHERE tenant.role = pg_get_userbyid(nspowner)) AS taken
    FROM pg_namespace WHERE nspname = $1`,
    [schema, role],
  )
  const found = rows[0]
  if (found === undefined) await tx.query(`CREATE SCHEMA ${quote(schema)}`)
  else if (found.taken === true) {
    throw new HeadgateError('TenantRefused', `schema ${schema} belongs to another tenant, ${String(found.owner)}; give another --schema`)
  } else if (found.owner === role) return
  await tx.query(`GRANT USAGE, CREATE ON SCHEMA ${quote(schema)} TO ${quote(role)}`)
}

/** Refuses a role that may create functions in schema public, because statements of other roles could call these functions. */
async function checkPublic(tx: Queryable, { role, schemas }: TenantRequest): Promise<void> {
  if (schemas.includes('public')) return
  const { rows } = await tx.query(`SELECT FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege($1, oid, 'CREATE')`, [role])
  if (rows.length === 0) return
  throw new HeadgateError(
    'TenantRefused',
    `role ${role} may create functions in schema public, which statements of other roles could call; as the owner of public, run: REVOKE CREATE ON SCHEMA public FROM PUBLIC; or accept the risk with --schema public`,
  )
}
