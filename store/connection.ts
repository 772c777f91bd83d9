// Connections to PostgreSQL: opened with settings that results never depend on, and the Transaction loaders work with.
import pg from 'pg'
import { from } from 'pg-copy-streams'
import type { Transaction } from '../sdk/index.ts'
import { classifyError } from './errors.ts'
import { ownSearchPath } from './search-path.ts'

export { classifyError } from './errors.ts'

export type ConnectionOptions = {
  /** Shown in pg_stat_activity. */
  applicationName: string
  /** How long to wait for the server to answer, in milliseconds. */
  connectTimeoutMilliseconds?: number
}

const sessionSettings = `
  SET client_encoding = 'UTF8';
  SET DateStyle = 'ISO, YMD';
  SET IntervalStyle = 'postgres';
  SET TimeZone = 'UTC';
  SET extra_float_digits = 1;
  SET default_transaction_isolation = 'read committed';
  SET default_transaction_read_only = off;
  SET statement_timeout = 0;
  SET lock_timeout = '10min';
  SET idle_in_transaction_session_timeout = '30min';
  SET tcp_keepalives_idle = 15;
  SET tcp_keepalives_interval = 5;
  SET tcp_keepalives_count = 4;
  SET temp_buffers = '32MB';
  SET client_min_messages = 'warning';
  SET jit = off;
  DO $$
  BEGIN
    PERFORM set_config('client_connection_check_interval', '5s', false);
  EXCEPTION WHEN OTHERS THEN
    -- This server's platform cannot notice during a statement that its client is gone.
    NULL;
  END
  $$;${ownSearchPath}`

/** Opens a connection. Throws a HeadgateError; it never holds the URL's password. */
export async function openConnection(url: string, options: ConnectionOptions): Promise<pg.Client> {
  try {
    const client = new pg.Client({
      connectionString: url,
      application_name: options.applicationName.slice(0, 63),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: options.connectTimeoutMilliseconds ?? 15_000,
    })
    // A connection that breaks while nothing is asked of it must not end the process; the next query tells.
    client.on('error', () => {})
    await client.connect()
    await client.query(sessionSettings)
    return client
  } catch (error) {
    throw classifyError(error)
  }
}

/** The connection as a Transaction. */
export function transactionOver(client: pg.ClientBase): Transaction {
  return {
    query: async (text, values) => client.query(text, values === undefined ? undefined : [...values]),
    copyFrom: (statement) => client.query(from(statement)),
  }
}
