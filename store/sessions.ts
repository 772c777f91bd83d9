// Connections of workers as the server sees them: named so that those of a dead worker can be found and ended. Called by the engine.
import type { Queryable } from './queryable.ts'

/** Name of a worker's connections: what ends its name is unlike any other's. */
export function sessionName(worker: string, run: string): string {
  return `headgate ${lastPart(worker)} ${run}`
}

/**
 * Ends what the connections of these workers are doing. The server does not notice that a machine is gone, or a process frozen, and
 * would keep its slice locked for as long. Workers under another role are left alone.
 */
export async function endSessions(db: Queryable, workers: readonly string[]): Promise<void> {
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
