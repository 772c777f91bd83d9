// The benchmark's own PostgreSQL: started with default settings, prepared before each measurement, asked afterwards what is in the table.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startPostgres } from '../../cli/embedded/server.ts'
import { cpuSecondsOf } from './process-tree.ts'

export type BenchDatabase = {
  url: string
  version: string
  /** Settings that matter for loading, as the server reports them. */
  settings: Record<string, string>
  /** Runs the statements one by one, then makes the server write out everything, so that no measurement includes the writes of another. */
  prepare(statements: readonly string[]): Promise<void>
  /** Number of rows and a checksum that does not depend on their order, over the columns that were loaded. */
  contents(table: string): Promise<string>
  /** CPU time that the server has used so far. */
  cpuSeconds(): number
  close(): Promise<void>
}

const shown = [
  'shared_buffers',
  'max_wal_size',
  'wal_level',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'work_mem',
  'maintenance_work_mem',
  'autovacuum',
  'wal_compression',
]

const columnList = 'id, name, email, amount, ordered_on, updated_at, status, note'

const columnTypes = `
  id bigint NOT NULL, name text NOT NULL, email text NOT NULL, amount numeric(12,2) NOT NULL, ordered_on date NOT NULL,
  updated_at timestamp with time zone NOT NULL, status text NOT NULL, note text`

/** A table of the same types for every contestant. */
export function createTable(table: string, { key, managed }: { key: boolean; managed: boolean }): string[] {
  const ours = managed ? ', _run bigint NOT NULL, _pos bigint NOT NULL' : ''
  return [`DROP TABLE IF EXISTS ${table}`, `CREATE TABLE ${table} (${columnTypes}${ours}${key ? ', PRIMARY KEY (id)' : ''})`]
}

/** Brings statistics and visibility up to date, as some hours after a load. Not measured. */
export function settle(table: string): string[] {
  return [`VACUUM (ANALYZE) ${table}`]
}

export async function openDatabase(signal: AbortSignal): Promise<BenchDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-'))
  const server = await startPostgres({ dataDirectory: folder, signal })
  const remove = async () => {
    await server.stop()
    await Promise.all([folder, server.directory].map((path) => rm(path, { recursive: true, force: true })))
  }
  try {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await client.query('CREATE SCHEMA bench')
    return await describe(server, client, remove)
  } catch (error) {
    await remove()
    throw error
  }
}

async function describe(server: EmbeddedPostgres, client: pg.Client, remove: () => Promise<void>): Promise<BenchDatabase> {
  const { rows } = await client.query('SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY($1)', [shown])
  const values = new Map(rows.map((row) => [row.name as string, row.value as string]))
  return {
    url: server.url,
    version: (await client.query('SHOW server_version')).rows[0].server_version,
    settings: Object.fromEntries(shown.flatMap((name) => (values.has(name) ? [[name, values.get(name) as string]] : []))),
    prepare: async (statements) => {
      for (const statement of [...statements, 'CHECKPOINT']) await client.query(statement)
    },
    contents: async (table) => {
      const sums = `SELECT count(*) AS rows, sum(hash_record_extended(ROW(${columnList}), 0)) AS checksum FROM ${table}`
      const { rows: found } = await client.query(sums)
      return `${found[0].rows} rows, checksum ${found[0].checksum}`
    },
    cpuSeconds: () => cpuSecondsOf(server.processId),
    close: async () => {
      await client.end().catch(() => {})
      await remove()
    },
  }
}
