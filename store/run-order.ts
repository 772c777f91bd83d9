// Run order: what keeps the runs of one destination in the order of their numbers, whoever is fast or slow, paused or dead.
// Called by the engine and when a run is resumed; docs/architecture.md ("Order between runs") has the argument.
import { HeadgateError } from '../sdk/index.ts'
import { onlyRow, type Queryable, wholeNumber } from './queryable.ts'
import { related } from './shared-rows.ts'

/** First key of the advisory locks; the second is `destination.id`. */
const lockSpace = 0x68_67_61_74

/** What names a run here; a Run is one. `destination` is undefined where rows do not go into a table of the store. */
export type OrderedRun = { id: number; name: string; destination: number | undefined }

/** Numbers of a run's destination and of those that share rows with it, held by `lockDestination`; none without a destination. */
export type HeldDestinations = readonly number[]

const lock = `${related}
  SELECT id, CASE WHEN id = $1 AND $3 THEN pg_advisory_xact_lock($2, id) ELSE pg_advisory_xact_lock_shared($2, id) END
  FROM (SELECT id FROM related ORDER BY level, id OFFSET 0) AS top_down`

/**
 * Holds the destination until the transaction ends: `shared` for a batch, so that several runs load at the same time; `exclusive` to
 * publish a table as a whole or to decide whether an older run goes on, which waits for open batches.
 *
 * Destinations that share rows with it are held `shared`. So whoever holds a table exclusively waits for batches of its partitions and of
 * the tables above it, and the partitions of one table do not wait for each other. All are locked from the top down, so two never
 * wait for each other. A name that is used for the first time is not yet held by batches that are open at that moment; its run would
 * have to be planned and published before these commit.
 *
 * An advisory lock and not the row's: a waiter for an exclusive row lock starves while others share it, and every row lock is written.
 */
export async function lockDestination(tx: Queryable, run: Pick<OrderedRun, 'destination'>, mode: 'shared' | 'exclusive'): Promise<HeldDestinations> {
  if (run.destination === undefined) return []
  const { rows } = await tx.query(lock, [run.destination, lockSpace, mode === 'exclusive'])
  return rows.map((row) => row.id as number)
}

const order = `
  SELECT name, whole_run, EXISTS (
    SELECT FROM headgate.run AS older
    WHERE older.destination = ANY ($1::integer[]) AND older.id < $2
      AND (older.state = 'Running' OR (older.state = 'Failed' AND (older.failure ->> 'retryable')::boolean))
      AND (older.state = 'Running' OR NOT EXISTS (SELECT FROM headgate.run AS later WHERE later.pipeline = older.pipeline AND later.id > older.id))
  ) AS older_run_open
  FROM headgate.destination WHERE id = ANY ($1::integer[]) ORDER BY whole_run DESC LIMIT 1`

/**
 * What the order of runs means for a transaction of the run; `held` are its locks. While an older run of the destination may still
 * write (it is Running, or the latest of its pipeline and can be resumed), a row that this run finds unchanged must be written all the
 * same: the older run would see a row older than its own record and overwrite it.
 *
 * Throws Overtaken if a newer run has published the whole table: nothing of this run may be seen any more.
 */
export async function checkOrder(tx: Queryable, run: OrderedRun, held: HeldDestinations): Promise<{ olderRunOpen: boolean }> {
  if (held.length === 0) return { olderRunOpen: false }
  const row = onlyRow((await tx.query(order, [held, run.id])).rows)
  const whole = wholeNumber(row.whole_run)
  if (whole > run.id) throw overtaken(run, `run ${whole} has published ${String(row.name)} as a whole since`)
  return { olderRunOpen: row.older_run_open as boolean }
}

/** Notes that the run publishes the whole table. Call it under the exclusive lock, after `checkOrder`. */
export async function recordWhole(tx: Queryable, run: OrderedRun): Promise<void> {
  await tx.query('UPDATE headgate.destination SET whole_run = $2 WHERE id = $1', [run.destination ?? null, run.id])
}

/** Name of a newer run of the destinations that the run holds, if there is one. */
export async function newerRun(tx: Queryable, run: OrderedRun, held: HeldDestinations): Promise<string | undefined> {
  const { rows } = await tx.query('SELECT name FROM headgate.run WHERE destination = ANY ($1::integer[]) AND id > $2 ORDER BY id DESC LIMIT 1', [held, run.id])
  return rows[0]?.name as string | undefined
}

/**
 * Makes sure that a failed run may go on: newer runs of its table reckon with it only while it is the latest of its pipeline.
 * Takes the exclusive lock. Throws Overtaken.
 */
export async function checkResumable(tx: Queryable, run: OrderedRun & { pipeline: string }): Promise<void> {
  const held = await lockDestination(tx, run, 'exclusive')
  await checkOrder(tx, run, held)
  const newer = await newerRun(tx, run, held)
  if (newer === undefined) return
  const { rows } = await tx.query('SELECT FROM headgate.run WHERE pipeline = $1 AND id > $2 LIMIT 1', [run.pipeline, run.id])
  if (rows.length > 0) throw overtaken(run, `run ${newer} of the same table has begun since`)
}

export function overtaken(run: Pick<OrderedRun, 'name'>, why: string): HeadgateError {
  return new HeadgateError('Overtaken', `run ${run.name} is overtaken: ${why}; nothing more of it is loaded; start a new run if its data is still wanted`)
}
