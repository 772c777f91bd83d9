// Runs and workers that died without ending, and may still hold locks on a destination. Called when a run is planned or published.
import { expired } from './lease.ts'
import { type Queryable, wholeNumber } from './queryable.ts'
import { lockDestination, type OrderedRun, overtaken } from './run-order.ts'
import { endRun } from './runs.ts'
import { relatedDestinations } from './shared-rows.ts'

/**
 * A Running run whose workers renewed no lease for this long is failed when a newer run of its destination is planned.
 *
 * A lease of a minute shows that the workers are gone, and failing the run is sound at any time, because a frozen worker that resumes
 * finds its run ended. But it is final: the run is Overtaken, and data that it has not loaded is lost unless the run is started again. A
 * run without workers often gets new ones: pods restart with increasing backoff, or wait for a node or for PostgreSQL, and a local run
 * waits for a reboot and a user who passes --resume. Waiting costs newer runs only time: they write unchanged rows until then.
 */
const usualSilence = '1 hour'

const silentRuns = `
  SELECT older.id, older.name FROM headgate.run AS older
  WHERE older.destination = ANY ($1::integer[]) AND older.id < $2 AND older.state = 'Running'
    AND coalesce((SELECT max(alive_until) FROM headgate.worker WHERE worker.run = older.id), older.created_at) < clock_timestamp() - $3::interval
    AND pg_postmaster_start_time() < clock_timestamp() - $3::interval`

/** Whether there are silent older runs. Usually there are none, and the exclusive lock is not needed. `silentFor` is a PostgreSQL interval. */
export async function hasSilentOlderRuns(db: Queryable, run: OrderedRun, silentFor = usualSilence): Promise<boolean> {
  const destinations = await relatedDestinations(db, run.destination)
  return (await db.query(silentRuns, [destinations, run.id, silentFor])).rows.length > 0
}

/**
 * Fails silent older runs as Overtaken: a worker that resumes commits nothing more, and newer runs no longer consider them open.
 * Takes the exclusive lock. Returns the names of the runs that were failed.
 */
export async function failSilentRuns(tx: Queryable, run: OrderedRun, silentFor = usualSilence): Promise<string[]> {
  const held = await lockDestination(tx, run, 'exclusive')
  const { rows } = await tx.query(silentRuns, [held, run.id, silentFor])
  const names: string[] = []
  for (const { id, name } of rows as { id: unknown; name: string }[]) {
    const { code, message } = overtaken({ name }, `its workers renewed no lease for ${silentFor}, and run ${run.name} of the same table has started`)
    if (await endRun(tx, wholeNumber(id), `state = 'Failed', failure = $2`, [JSON.stringify({ code, message, retryable: false })])) names.push(name)
  }
  return names
}

/** Workers of other runs of the destination whose lease has expired: their connections may still hold locks on it. */
export async function lapsedWorkers(db: Queryable, run: OrderedRun): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT worker.name FROM headgate.worker JOIN headgate.run ON run.id = worker.run
    WHERE run.destination = ANY ($1::integer[]) AND run.id <> $2 AND ${expired}`,
    [await relatedDestinations(db, run.destination), run.id],
  )
  return rows.map((row) => row.name as string)
}
