// Names of workers' connections in pg_stat_activity, by which the connections of a dead worker are found and terminated. Called by the engine.
import type { Queryable } from './queryable.ts'

/** The application_name of a worker's connections. It contains only the last part of the worker's name, which is unique. */
export function sessionName(worker: string, run: string): string {
  return `headgate ${lastPart(worker)} ${run}`
}

/**
 * Terminates the connections of these workers, except those under another role. The server does not notice that a machine is gone or a
 * process is frozen, and would keep the worker's slice locked until it does.
 */
export async function terminateConnections(db: Queryable, workers: readonly string[]): Promise<void> {
  await db.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
      AND starts_with(application_name, 'headgate ') AND split_part(application_name, ' ', 2) = ANY ($1::text[])`,
    [workers.map(lastPart)],
  )
}

function lastPart(worker: string): string {
  return worker.slice(worker.lastIndexOf('/') + 1)
}
