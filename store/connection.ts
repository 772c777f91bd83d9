// Opens connections to PostgreSQL with fixed session settings, so that results do not depend on the server's defaults, and adapts a
// connection to the SDK's Transaction.
import pg from 'pg'
import { from } from 'pg-copy-streams'
import type { Transaction } from '../sdk/index.ts'
import { classifyError } from './errors.ts'
import { ownSearchPath } from './search-path.ts'

export { classifyError } from './errors.ts'

export type ConnectionOptions = {
  /** Shown in pg_stat_activity. */
  applicationName: string
  /** How long to wait for the server to accept the connection, in milliseconds. Default: 15 000. */
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
    -- The server's platform does not support this setting.
    NULL;
  END
  $$;${ownSearchPath}`

/** Opens a connection. Throws a HeadgateError whose message never contains the URL's password. */
export async function openConnection(url: string, options: ConnectionOptions): Promise<pg.Client> {
  try {
    const client = new pg.Client({
      connectionString: url,
      application_name: options.applicationName.slice(0, 63),
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: options.connectTimeoutMilliseconds ?? 15_000,
    })
    // A connection that breaks while idle must not end the process; the next query reports the error.
    client.on('error', () => {})
    await client.connect()
    await client.query(sessionSettings)
    return client
  } catch (error) {
    throw classifyError(error)
  }
}

/** Adapts a connection to the SDK's Transaction. */
export function transactionOver(client: pg.ClientBase): Transaction {
  return {
    query: async (text, values) => client.query(text, values === undefined ? undefined : [...values]),
    copyFrom: (statement) => client.query(from(statement)),
  }
}
