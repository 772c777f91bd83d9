// Retention: deletes old ended runs and closed quarantine entries, never rows of a destination. Called by the operator.
import type { Queryable } from './queryable.ts'

export type PruneOptions = {
  /** Name of the pipeline in the store. */
  pipeline: string
  /** Deletes runs that ended, or entries that were closed, before this moment. */
  before: Date
  /** Maximum number of runs to delete in one call. Default: 1000. */
  limit?: number
}

/** Rows per statement. Each statement is its own short transaction, so that no worker waits for it. */
const rowsPerStatement = 5_000

const prunableRuns = `
  SELECT id FROM headgate.run
  WHERE pipeline = $1 AND state <> 'Running' AND finished_at < $2
    AND id < (SELECT max(id) FROM headgate.run WHERE pipeline = $1)
    AND id IS DISTINCT FROM (SELECT max(id) FROM headgate.run WHERE pipeline = $1 AND state = 'Succeeded')
    AND NOT EXISTS (
      SELECT 1 FROM headgate.quarantine AS entry
      WHERE entry.pipeline = $1 AND entry.last_run = run.id AND entry.state IN ('open', 'parked', 'corrected')
    )
  ORDER BY id LIMIT $3`

const someOccurrences = `
  DELETE FROM headgate.quarantine_occurrence
  WHERE ctid = ANY (ARRAY(SELECT ctid FROM headgate.quarantine_occurrence WHERE run = $1 LIMIT $2))`

/**
 * Deletes runs of a pipeline that ended before `before`, with their slices, ledger and history. Returns the number of runs deleted.
 * Keeps the latest run, which may be resumed; the latest successful run, which the next run is compared with; and runs whose rejected
 * records are unresolved. Call it outside a transaction.
 */
export async function pruneRuns(db: Queryable, { pipeline, before, limit = 1_000 }: PruneOptions): Promise<number> {
  const { rows } = await db.query(prunableRuns, [pipeline, before, limit])
  for (const { id } of rows) {
    await deleteAll(() => db.query(someOccurrences, [id, rowsPerStatement]))
    await db.query(`DELETE FROM headgate.run WHERE id = $1 AND state <> 'Running'`, [id])
  }
  return rows.length
}

const closedEntries = `
  WITH closed AS (
    SELECT id FROM headgate.quarantine
    WHERE pipeline = $1 AND state IN ('replayed', 'superseded', 'discarded') AND state_at < $2
    ORDER BY state_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ), occurrences AS (
    DELETE FROM headgate.quarantine_occurrence USING closed WHERE quarantine = closed.id
  )
  DELETE FROM headgate.quarantine AS entry USING closed WHERE entry.id = closed.id`

/** Deletes all quarantine entries of a pipeline that were closed before `before`. Returns the number deleted. Call it outside a transaction. */
export async function pruneQuarantine(db: Queryable, { pipeline, before }: Omit<PruneOptions, 'limit'>): Promise<number> {
  return deleteAll(() => db.query(closedEntries, [pipeline, before, rowsPerStatement]))
}

/** Repeats a DELETE statement until it deletes fewer than `rowsPerStatement` rows. Returns the total number of rows deleted. */
async function deleteAll(statement: () => Promise<{ rowCount: number | null }>): Promise<number> {
  let deleted = 0
  for (;;) {
    const { rowCount } = await statement()
    deleted += rowCount ?? 0
    if ((rowCount ?? 0) < rowsPerStatement) return deleted
  }
}
