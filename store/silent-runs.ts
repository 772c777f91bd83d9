// Runs and workers that are dead without having said so, and what they still hold of a destination. Called when a run is planned or published.
import { expired } from './lease.ts'
import { type Queryable, wholeNumber } from './queryable.ts'
import { lockDestination, type OrderedRun, overtaken } from './run-order.ts'
import { endRun } from './runs.ts'
import { relatedDestinations } from './shared-rows.ts'

/**
 * A Running run whose workers gave no sign of life for this long is given up when a newer run of its destination is planned.
 *
 * A lease of a minute tells that the workers are gone, and giving up is sound at any time, because a worker that thaws finds its run
 * ended. But it is final: the run is Overtaken, and what it has not loaded is lost unless it is started anew. A run without workers often
 * gets new ones: pods are tried again after ever longer waits, or wait for a node or for PostgreSQL, and a local run waits for a reboot
 * and somebody who types --resume. Waiting costs newer runs time only: they write unchanged rows until then.
 */
const usualSilence = '1 hour'

const silentRuns = `
  SELECT older.id, older.name FROM headgate.run AS older
  WHERE older.destination = ANY ($1::integer[]) AND older.id < $2 AND older.state = 'Running'
    AND coalesce((SELECT max(alive_until) FROM headgate.worker WHERE worker.run = older.id), older.created_at) < clock_timestamp() - $3::interval
    AND pg_postmaster_start_time() < clock_timestamp() - $3::interval`

/** Whether there are such runs; mostly not, which saves the exclusive lock. `silentFor` is an interval of PostgreSQL. */
export async function hasSilentOlderRuns(db: Queryable, run: OrderedRun, silentFor = usualSilence): Promise<boolean> {
  const destinations = await relatedDestinations(db, run.destination)
  return (await db.query(silentRuns, [destinations, run.id, silentFor])).rows.length > 0
}

/**
 * Fails them as Overtaken: a worker that comes back commits nothing more, and newer runs need not reckon with it.
 * Takes the exclusive lock. Returns their names.
 */
export async function giveUpSilentRuns(tx: Queryable, run: OrderedRun, silentFor = usualSilence): Promise<string[]> {
  const held = await lockDestination(tx, run, 'exclusive')
  const { rows } = await tx.query(silentRuns, [held, run.id, silentFor])
  const names: string[] = []
  for (const { id, name } of rows as { id: unknown; name: string }[]) {
    const { code, message } = overtaken({ name }, `its workers were silent for ${silentFor}, and run ${run.name} of the same table has begun`)
    if (await endRun(tx, wholeNumber(id), `state = 'Failed', failure = $2`, [JSON.stringify({ code, message, retryable: false })])) names.push(name)
  }
  return names
}

/** Workers of other runs of the destination that the others take for dead: their connections may still hold it locked. */
export async function lapsedWorkers(db: Queryable, run: OrderedRun): Promise<string[]> {
  const { rows } = await db.query(
    `SELECT worker.name FROM headgate.worker JOIN headgate.run ON run.id = worker.run
    WHERE run.destination = ANY ($1::integer[]) AND run.id <> $2 AND ${expired}`,
    [await relatedDestinations(db, run.destination), run.id],
  )
  return rows.map((row) => row.name as string)
}
