// SQL for leases: each row of headgate.worker holds the time until which its worker is considered alive. Used by slice and planner claims.

/** How long a claim stays valid without a renewal, if the claim names no lease. */
export const defaultLeaseMilliseconds = 60_000

/**
 * Condition: the worker did not renew its lease in time. False if the worker has no row. No lease counts as expired until PostgreSQL has
 * been up for the length of the lease, because workers cannot renew while the server is down.
 */
export const expired = 'coalesce(alive_until < clock_timestamp() AND pg_postmaster_start_time() + lease < clock_timestamp(), false)'

/**
 * Statement that inserts or renews the row of worker $2 if the relation `claimed` has a row; its column `run` is the run's id. `lease` is
 * the parameter with the length of the lease in milliseconds.
 */
export function keepAlive(claimed: string, lease = '$4'): string {
  return `INSERT INTO headgate.worker (name, run, lease, alive_until)
    SELECT $2, run, ${lease} * interval '1 millisecond', clock_timestamp() + ${lease} * interval '1 millisecond' FROM ${claimed}
    ON CONFLICT (name) DO UPDATE SET run = EXCLUDED.run, lease = EXCLUDED.lease, alive_until = EXCLUDED.alive_until`
}
