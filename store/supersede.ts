// Closes quarantine entries whose key a later record brought, good this time. Called by the engine after loading a batch.
import pg from 'pg'
import { wholeNumber, type Queryable } from './queryable.ts'

/** The temp table with a batch's rows: the key columns in their own types, and `_pos`. */
export type LoadedKeys = { pipeline: string; run: number; relation: string; columns: readonly string[] }

/** Whether the pipeline has unresolved entries with a key at all; mostly not, which saves a query per batch. */
export async function hasOpenKeyed(db: Queryable, pipeline: string): Promise<boolean> {
  const { rows } = await db.query(`SELECT 1 FROM headgate.quarantine WHERE pipeline = $1 AND state IN ('open', 'parked') AND key IS NOT NULL LIMIT 1`, [pipeline])
  return rows.length > 0
}

/**
 * Marks as superseded every open or parked entry of the pipeline whose key is in the relation on a row that is later in
 * source order, by (run, _pos). Answers how many. Call it after `quarantineRecords` of the same batch.
 */
export async function supersedeByKeys(tx: Queryable, loaded: LoadedKeys): Promise<number> {
  await tx.query('SAVEPOINT headgate_supersede')
  try {
    const closed = await supersede(tx, loaded, typedMatch(loaded))
    await tx.query('RELEASE SAVEPOINT headgate_supersede')
    return closed
  } catch (error) {
    if (!isDataException(error)) throw error
    // A key kept under an earlier schema is no value of the column's type now: compare as text, which never fails.
    await tx.query('ROLLBACK TO SAVEPOINT headgate_supersede')
    return await supersede(tx, loaded, textMatch(loaded))
  }
}

function typedMatch({ relation, columns }: LoadedKeys): string {
  const equal = columns.map((column) => `loaded.${pg.escapeIdentifier(column)} = kept.${pg.escapeIdentifier(column)}`)
  return `CROSS JOIN LATERAL jsonb_populate_record(NULL::${pg.escapeIdentifier(relation)}, entry.key) AS kept
    JOIN ${pg.escapeIdentifier(relation)} AS loaded ON ${equal.join(' AND ')}`
}

function textMatch({ relation, columns }: LoadedKeys): string {
  const equal = columns.map((column) => `loaded.${pg.escapeIdentifier(column)}::text = entry.key ->> ${pg.escapeLiteral(column)}`)
  return `JOIN ${pg.escapeIdentifier(relation)} AS loaded ON ${equal.join(' AND ')}`
}

async function supersede(tx: Queryable, loaded: LoadedKeys, match: string): Promise<number> {
  const { rowCount } = await tx.query(
    `UPDATE headgate.quarantine SET state = 'superseded', state_run = $2, state_at = clock_timestamp(),
      state_reason = 'a later record with the same key was accepted'
    WHERE id IN (
      SELECT entry.id FROM headgate.quarantine AS entry ${match}
      WHERE entry.pipeline = $1 AND entry.state IN ('open', 'parked') AND entry.key IS NOT NULL AND (entry.last_run, entry.pos) < ($2, loaded._pos)
    ) AND state IN ('open', 'parked') AND last_run <= $2`,
    [loaded.pipeline, loaded.run],
  )
  return wholeNumber(rowCount)
}

function isDataException(error: unknown): boolean {
  return ((error as { code?: string }).code ?? '').startsWith('22')
}
