// The store of the local mode: what `headgate run` uses when no --database is given.
import { join } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startPostgres } from './server.ts'

const DATABASE = 'headgate'

/** For bulk loads on one machine. Nothing here gives up crash safety: fsync and full_page_writes stay on. */
const SETTINGS = {
  shared_buffers: '256MB',
  maintenance_work_mem: '256MB',
  work_mem: '32MB',
  wal_level: 'minimal', // a table filled in the transaction that made it needs no log
  max_wal_senders: '0',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  checkpoint_completion_target: '0.9',
  effective_io_concurrency: '64',
  jit: 'off',
}

export type EmbeddedStore = {
  /** Of the database `headgate`, with the password in it: not for logs. */
  readonly url: string
  readonly server: EmbeddedPostgres
  /** Stops the server unless another headgate command still uses it. */
  close(): Promise<void>
}

/** Starts or joins the server under `directory` (by default `.headgate`, see config.ts) and makes the database when it is missing. */
export async function embeddedStore(directory: string, signal?: AbortSignal): Promise<EmbeddedStore> {
  const server = await startPostgres({ dataDirectory: join(directory, 'postgres'), settings: SETTINGS, ...(signal && { signal }) })
  try {
    await createDatabase(server.url)
  } catch (error) {
    await server.stop()
    throw error
  }
  const url = new URL(server.url)
  url.pathname = `/${DATABASE}`
  return { url: url.href, server, close: () => server.stop() }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const found = await client.query('SELECT FROM pg_database WHERE datname = $1', [DATABASE])
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(DATABASE)}`)
  } catch (error) {
    if ((error as { code?: string }).code !== '42P04') throw error // another command has just made it
  } finally {
    await client.end()
  }
}
