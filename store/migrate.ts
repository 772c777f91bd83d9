// Applies pending migrations to schema headgate. Called once by every command that opens a store; costs one query if nothing is pending.
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { HeadgateError } from '../sdk/index.ts'
import { ownSearchPath } from './search-path.ts'

const folder = fileURLToPath(new URL('./migrations', import.meta.url))
const undefinedTable = '42P01'
const insufficientPrivilege = '42501'

/**
 * Applies pending migrations, one process at a time. Takes a URL, or a connected client outside a transaction. Returns the
 * names of the applied migrations. Throws StoreNotMigrated if the role may not migrate, or may not use the schema.
 */
export async function migrate(database: string | pg.ClientBase): Promise<string[]> {
  if (typeof database !== 'string') return migrateWith(database)
  const client = new pg.Client({ connectionString: database, application_name: 'headgate migrate' })
  await client.connect()
  try {
    await client.query(ownSearchPath)
    return await migrateWith(client)
  } finally {
    await client.end()
  }
}

async function migrateWith(client: pg.ClientBase): Promise<string[]> {
  const applied = await appliedMigrations(client)
  if (applied === undefined)
    throw notMigrated('this role has no rights on schema headgate; the owner of the schema must admit the role with: headgate store tenant')
  const missing = migrationNames().filter((name) => !applied.includes(name))
  if (missing.length === 0) return []
  try {
    return await applyMissing(client)
  } catch (error) {
    if ((error as { code?: string }).code !== insufficientPrivilege) throw error
    throw notMigrated(`schema headgate lacks the migrations ${missing.join(', ')} and this role may not apply them; migrate with the owning role`, error)
  }
}

/** Retryable: on a cluster the first workers may start before the operator has migrated the store or the tenant is admitted. */
function notMigrated(message: string, cause?: unknown): HeadgateError {
  return new HeadgateError('StoreNotMigrated', `${message}, see docs/store.md`, { retryable: true, cause })
}

/** Names of the migrations that this version contains, in order. */
function migrationNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .map((file) => file.slice(0, -'.sql'.length))
    .sort()
}

/** Undefined if the role may not read headgate.migration. */
async function appliedMigrations(client: pg.ClientBase): Promise<string[] | undefined> {
  try {
    const { rows } = await client.query<{ name: string }>('SELECT name FROM headgate.migration')
    return rows.map((row) => row.name)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === undefinedTable) return []
    if (code === insufficientPrivilege) return undefined
    throw error
  }
}

async function applyMissing(client: pg.ClientBase): Promise<string[]> {
  // Imported on demand, because the module is slow to load and rarely needed.
  const { runner } = await import('node-pg-migrate')
  const applied = await runner({
    dbClient: client as pg.Client,
    dir: folder,
    direction: 'up',
    migrationsSchema: 'headgate',
    createMigrationsSchema: true,
    migrationsTable: 'migration',
    advisoryLockMode: 'wait',
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  })
  return applied.map(({ name }) => name)
}
