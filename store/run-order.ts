// Run order: keeps the effects of the runs of one destination in the order of their ids, however fast, slow, paused or dead a run's workers
// are. Called by the engine and when a run is resumed; docs/architecture.md ("Order between runs") explains why this is sound.
import { HeadgateError } from '../sdk/index.ts'
import { onlyRow, type Queryable, wholeNumber } from './queryable.ts'
import { related } from './shared-rows.ts'

/** First key of the advisory locks; the second is `destination.id`. */
const lockSpace = 0x68_67_61_74

/** The properties of a Run that its order depends on. `destination` is undefined for a destination of a plugin. */
export type OrderedRun = { id: number; name: string; destination: number | undefined }

/** Ids of a run's destination and of those that share rows with it, locked by `lockDestination`; empty without a destination. */
export type HeldDestinations = readonly number[]

const lock = `${related}
  SELECT id, CASE WHEN id = $1 AND $3 THEN pg_advisory_xact_lock($2, id) ELSE pg_advisory_xact_lock_shared($2, id) END
  FROM (SELECT id FROM related ORDER BY level, id OFFSET 0) AS top_down`

/**
 * Locks the destination until the transaction ends: `shared` for a batch, so that several runs load at the same time; `exclusive` to
 * publish a table as a whole or to decide whether an older run may continue, which waits for open batches.
 *
 * Destinations that share rows with it are locked `shared`. An exclusive lock on a table therefore waits for batches of its partitions and
 * of its parent tables, while partitions of one table do not wait for each other. All locks are taken from the top down, so two transactions
 * cannot deadlock. Batches that are open when a destination is named for the first time do not hold its lock. This matters only if the run
 * that named it is planned and publishes before these batches commit.
 *
 * Advisory locks and not row locks: a waiter for an exclusive row lock starves while others share the lock, and every row lock is written
 * to disk.
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
 * Checks the order of runs for a transaction of the run that holds the locks `held`. `olderRunOpen`: an older run of the destination may
 * still write, because it is Running, or can be resumed and is the latest of its pipeline. Then this run must write a row even if it finds
 * the row unchanged. Otherwise the row would look older than the older run's record, and that run would overwrite it.
 *
 * Throws Overtaken if a newer run has published the whole table: rows of this run must not become visible after that.
 */
export async function checkOrder(tx: Queryable, run: OrderedRun, held: HeldDestinations): Promise<{ olderRunOpen: boolean }> {
  if (held.length === 0) return { olderRunOpen: false }
  const row = onlyRow((await tx.query(order, [held, run.id])).rows)
  const wholeRun = wholeNumber(row.whole_run)
  if (wholeRun > run.id) throw overtaken(run, `run ${wholeRun} has published ${String(row.name)} as a whole`)
  return { olderRunOpen: row.older_run_open as boolean }
}

/** Records that the run publishes the whole table. Call it under the exclusive lock, after `checkOrder`. */
export async function recordWholeRun(tx: Queryable, run: OrderedRun): Promise<void> {
  await tx.query('UPDATE headgate.destination SET whole_run = $2 WHERE id = $1', [run.destination ?? null, run.id])
}

/** Name of the newest run of the locked destinations that is newer than `run`; undefined if there is none. */
export async function newerRun(tx: Queryable, run: OrderedRun, held: HeldDestinations): Promise<string | undefined> {
  const { rows } = await tx.query('SELECT name FROM headgate.run WHERE destination = ANY ($1::integer[]) AND id > $2 ORDER BY id DESC LIMIT 1', [held, run.id])
  return rows[0]?.name as string | undefined
}

/**
 * Checks that a failed run may be resumed. Newer runs of its table consider it open (see `checkOrder`) only while it is the latest of its
 * pipeline. Takes the exclusive lock. Throws Overtaken.
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
