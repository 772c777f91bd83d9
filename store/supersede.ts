// Closes quarantine entries whose key a later record brought, good this time. Called by the engine.
import pg from 'pg'
import { type Queryable, wholeNumber } from './queryable.ts'

/** A temp table with a batch's accepted rows: the key columns in the destination's types, and `_pos`. */
export type AcceptedRows = { pipeline: string; run: number; schema?: string; relation: string; columns: readonly string[] }

/** The destination itself, with `_run` and `_pos`. */
export type DestinationRows = { pipeline: string; run: number; schema: string; table: string; columns: readonly string[] }

type Match = { pipeline: string; run: number; columns: readonly string[]; relation: string; later: string }

/** Whether the pipeline has unresolved entries with a key at all; mostly not, which saves a query per batch. */
export async function hasOpenKeyed(db: Queryable, pipeline: string): Promise<boolean> {
  const { rows } = await db.query(`SELECT 1 FROM headgate.quarantine WHERE pipeline = $1 AND state IN ('open', 'parked') AND key IS NOT NULL LIMIT 1`, [
    pipeline,
  ])
  return rows.length > 0
}

/**
 * Marks as superseded every open or parked entry of the pipeline whose key is in the relation on a row that is later in
 * source order, by (run, _pos). Answers how many. Call it after `quarantineRecords` of the same batch.
 */
export async function supersedeByKeys(tx: Queryable, accepted: AcceptedRows): Promise<number> {
  const { pipeline, run, schema, columns } = accepted
  const relation = pg.escapeIdentifier(accepted.relation)
  return supersede(tx, {
    pipeline,
    run,
    columns,
    relation: schema === undefined ? relation : `${pg.escapeIdentifier(schema)}.${relation}`,
    later: '(entry.last_run, entry.pos) < ($2::bigint, accepted._pos)',
  })
}

/**
 * The same for entries that this run itself made after a later record with their key had been loaded by another slice.
 * Called once in the finish step, so that what is open does not depend on which slice came first.
 */
export async function supersedeByDestination(tx: Queryable, destination: DestinationRows): Promise<number> {
  const { pipeline, run, columns } = destination
  const relation = `${pg.escapeIdentifier(destination.schema)}.${pg.escapeIdentifier(destination.table)}`
  return supersede(tx, {
    pipeline,
    run,
    columns,
    relation,
    later: 'entry.last_run = $2::bigint AND (entry.last_run, entry.pos) < (accepted._run, accepted._pos)',
  })
}

async function supersede(tx: Queryable, match: Match): Promise<number> {
  await tx.query('SAVEPOINT headgate_supersede')
  try {
    const closed = await close(tx, match, typedJoin(match))
    await tx.query('RELEASE SAVEPOINT headgate_supersede')
    return closed
  } catch (error) {
    if (!isDataException(error)) throw error
    // A key kept under an earlier schema is no value of the column's type now: compare as text, which never fails.
    await tx.query('ROLLBACK TO SAVEPOINT headgate_supersede')
    return await close(tx, match, textJoin(match))
  }
}

function typedJoin({ relation, columns }: Match): string {
  const equal = columns.map((column) => `accepted.${pg.escapeIdentifier(column)} = kept.${pg.escapeIdentifier(column)}`)
  return `CROSS JOIN LATERAL jsonb_populate_record(NULL::${relation}, entry.key) AS kept JOIN ${relation} AS accepted ON ${equal.join(' AND ')}`
}

function textJoin({ relation, columns }: Match): string {
  const equal = columns.map((column) => `accepted.${pg.escapeIdentifier(column)}::text = entry.key ->> ${pg.escapeLiteral(column)}`)
  return `JOIN ${relation} AS accepted ON ${equal.join(' AND ')}`
}

async function close(tx: Queryable, match: Match, join: string): Promise<number> {
  const { rowCount } = await tx.query(
    `WITH later AS MATERIALIZED (
      SELECT entry.id, entry.last_run, entry.pos FROM headgate.quarantine AS entry ${join}
      WHERE entry.pipeline = $1 AND entry.state IN ('open', 'parked') AND entry.key IS NOT NULL AND ${match.later}
    )
    UPDATE headgate.quarantine AS entry SET state = 'superseded', state_run = $2, state_at = clock_timestamp(),
      state_reason = 'a later record with the same key was accepted'
    FROM later WHERE entry.id = later.id AND entry.state IN ('open', 'parked') AND entry.last_run = later.last_run AND entry.pos = later.pos`,
    [match.pipeline, match.run],
  )
  return wholeNumber(rowCount)
}

/** A value that its type refuses (class 22), or a domain's constraint (class 23). */
function isDataException(error: unknown): boolean {
  return /^2[23]/.test((error as { code?: string }).code ?? '')
}
