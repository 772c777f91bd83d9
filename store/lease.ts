// SQL of the rows that say until when a worker is taken to be alive (headgate.worker). Used by the store's claims.

/** How long a claim holds without a sign of life, unless the claim says otherwise. */
export const defaultLeaseMilliseconds = 60_000

/**
 * Whether the worker gave no sign of life for longer than it promised; false without a row. After a start of PostgreSQL nothing
 * is expired for as long as a claim holds, because its workers could not reach the store.
 */
export const expired = 'coalesce(alive_until < clock_timestamp() AND pg_postmaster_start_time() + lease < clock_timestamp(), false)'

/**
 * Inserts or renews the row of worker $2 if `claimed`, a relation with the run's number in `run`, has a row. `lease` is the parameter that
 * holds its length in milliseconds.
 */
export function keepAlive(claimed: string, lease = '$4'): string {
  return `INSERT INTO headgate.worker (name, run, lease, alive_until)
    SELECT $2, run, ${lease} * interval '1 millisecond', clock_timestamp() + ${lease} * interval '1 millisecond' FROM ${claimed}
    ON CONFLICT (name) DO UPDATE SET run = EXCLUDED.run, lease = EXCLUDED.lease, alive_until = EXCLUDED.alive_until`
}
