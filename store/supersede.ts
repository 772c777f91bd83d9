// Closes quarantine entries as superseded when a later record with the same key was accepted. Called by the engine.
import pg from 'pg'
import { byIndex, type KeyColumn, keyForm, keyList, keyRecord, rowHash } from './key-form.ts'
import { onlyRow, type Queryable, type Row, wholeNumber } from './queryable.ts'

/** A relation with accepted rows of a run. It has the key columns and `_pos`. */
export type AcceptedRows = { pipeline: string; run: number; schema?: string; relation: string; columns: readonly KeyColumn[] }

/** The destination table. It has the key columns, `_run` and `_pos`. */
export type DestinationRows = { pipeline: string; run: number; schema: string; table: string; columns: readonly KeyColumn[] }

/** An entry as of its last rejection. `pos`: input × 2^44 + order. */
export type SeenEntry = { id: number; lastRun: number; pos: bigint }

/** An open or parked entry with the hash of its key, the same hash as in `unchanged_keys` of the ledger. */
export type OpenKey = SeenEntry & { hash: bigint }

// No declared field can have a double quote in its name, so these never collide with the key's columns.
const own = { id: '"""id"', lastRun: '"""last_run"', pos: '"""pos"', hash: '"""hash"' }
const seen = `kept.${own.id} AS id, kept.${own.lastRun} AS last_run, kept.${own.pos} AS pos`
const earlier = `(kept.${own.lastRun}, kept.${own.pos})`

/** Whether the pipeline has unresolved entries with a key. ORDER BY makes the query a single index lookup, whatever the statistics are. */
export async function hasOpenKeys(db: Queryable, pipeline: string): Promise<boolean> {
  const { rows } = await db.query('SELECT 1 FROM headgate.quarantine WHERE pipeline = $1 AND key_form IS NOT NULL ORDER BY pipeline, key_form LIMIT 1', [
    pipeline,
  ])
  return rows.length > 0
}

/**
 * Marks as superseded every open or parked entry of the pipeline whose key is in the batch's relation, on a row that is later in source
 * order, by (run, _pos). Returns the number of entries closed. Looks entries up by the hashes of the batch's keys, so the cost does not
 * depend on the number of open entries. Call it after `quarantineRecords` of the same batch.
 */
export async function supersedeByBatch(tx: Queryable, accepted: AcceptedRows): Promise<number> {
  const { pipeline, run, columns } = accepted
  const form = keyForm(pipeline, columns)
  const relation = relationOf(accepted)
  const hash = `${rowHash(columns, 'accepted')} # $1::bigint`
  // The inner query has no further condition: with one, the planner might choose an index that reads all open entries of the pipeline.
  const { rows: candidates } = await byIndex(tx, () =>
    tx.query(
      `SELECT id FROM (
        SELECT id, state, last_run FROM headgate.quarantine WHERE key_hash = ANY (ARRAY(SELECT ${hash} FROM ${relation} AS accepted)) OFFSET 0
      ) AS entry WHERE state IN ('open', 'parked') AND last_run <= $2`,
      [form, run],
    ),
  )
  if (candidates.length === 0) return 0
  await tx.query('SET LOCAL enable_nestloop = off')
  const { rows } = await tx.query(
    `SELECT ${seen} FROM (
      SELECT entry.id AS ${own.id}, entry.last_run AS ${own.lastRun}, entry.pos AS ${own.pos}, entry.key_hash AS ${own.hash}, ${keyList(columns, 'kept')}
      FROM headgate.quarantine AS entry CROSS JOIN LATERAL ${keyRecord(columns, 'entry.key')} WHERE entry.id = ANY ($3::bigint[]) OFFSET 0
    ) AS kept JOIN (SELECT ${keyList(columns, 'accepted')}, accepted._pos, ${hash} AS ${own.hash} FROM ${relation} AS accepted OFFSET 0) AS accepted
      ON accepted.${own.hash} = kept.${own.hash} AND ${equal(columns, 'accepted')}
    WHERE ${earlier} < ($2::bigint, accepted._pos)`,
    [form, run, candidates.map(({ id }) => id)],
  )
  await tx.query('SET LOCAL enable_nestloop TO DEFAULT')
  return supersede(tx, run, rows.map(seenEntryOf))
}

/** Like `supersedeByBatch`, for a large relation without an index: joins it once with a temporary table of the open keys. */
export async function supersedeByTable(tx: Queryable, accepted: AcceptedRows): Promise<number> {
  const { pipeline, run, columns } = accepted
  const types = columns.map(({ name, type }) => `${pg.escapeIdentifier(name)} ${type}`).join(', ')
  await tx.query(`CREATE TEMPORARY TABLE headgate_open (${own.id} bigint, ${own.lastRun} bigint, ${own.pos} bigint, ${types}) ON COMMIT DROP`)
  await byIndex(tx, () =>
    tx.query(
      `INSERT INTO headgate_open SELECT entry.id, entry.last_run, entry.pos, ${keyList(columns, 'kept')} FROM ${openEntries} AS entry CROSS JOIN LATERAL ${keyRecord(columns, 'entry.key')}`,
      [pipeline, keyForm(pipeline, columns)],
    ),
  )
  // Without statistics the planner expects a single open key, and would read the whole relation once per key.
  await tx.query('ANALYZE headgate_open')
  const { rows } = await tx.query(
    `SELECT ${seen} FROM headgate_open AS kept JOIN ${relationOf(accepted)} AS accepted ON ${equal(columns, 'accepted')}
    WHERE ${earlier} < ($1::bigint, accepted._pos)`,
    [run],
  )
  await tx.query('DROP TABLE headgate_open')
  return supersede(tx, run, rows.map(seenEntryOf))
}

/**
 * Closes entries whose key is in the destination on a row of a later record. Considers entries that this run rejected after another slice
 * had loaded the later record. Considers all open entries if this run, or an earlier one that did not finish, copied rows straight into
 * the destination. Called once, in the finish step. Returns the number of entries closed.
 */
export async function supersedeByDestination(tx: Queryable, { pipeline, run, schema, table, columns }: DestinationRows): Promise<number> {
  const allEntries = await hasStraightBatches(tx, pipeline, run)
  const destination = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`
  const found = await byIndex(tx, () =>
    tx.query(
      `SELECT entry.id, entry.last_run, entry.pos FROM ${openEntries} AS entry CROSS JOIN LATERAL ${keyRecord(columns, 'entry.key')}
      CROSS JOIN LATERAL (SELECT present._run, present._pos FROM ${destination} AS present WHERE ${equal(columns, 'present')} OFFSET 0) AS present
      WHERE ${allEntries ? '' : 'entry.last_run = $3 AND '}(entry.last_run, entry.pos) < (present._run, present._pos)`,
      allEntries ? [pipeline, keyForm(pipeline, columns)] : [pipeline, keyForm(pipeline, columns), run],
    ),
  )
  return supersede(tx, run, found.rows.map(seenEntryOf))
}

/** Open and parked entries that the run rejected last, with the hashes of their keys. */
export async function openKeys(tx: Queryable, { pipeline, run, columns }: Pick<DestinationRows, 'pipeline' | 'run' | 'columns'>): Promise<OpenKey[]> {
  const { rows } = await byIndex(tx, () =>
    tx.query(
      `SELECT entry.id, entry.last_run, entry.pos, int8send(entry.key_hash # $2::bigint) AS hash FROM ${openEntries} AS entry WHERE entry.last_run = $3`,
      [pipeline, keyForm(pipeline, columns), run],
    ),
  )
  return rows.map((row) => ({ ...seenEntryOf(row), hash: (row.hash as Buffer).readBigUInt64BE() }))
}

/** Marks these entries as superseded by the run, except those that another transaction has closed or rejected again. Returns the number closed. */
export async function supersede(tx: Queryable, run: number, entries: readonly SeenEntry[]): Promise<number> {
  if (entries.length === 0) return 0
  const { rowCount } = await tx.query(
    `UPDATE headgate.quarantine SET state = 'superseded', state_run = $1, state_at = clock_timestamp(), key_form = NULL, key_hash = NULL,
      state_reason = 'a later record with the same key was accepted'
    WHERE id = ANY ($2::bigint[]) AND state IN ('open', 'parked')
      AND (id, last_run, pos) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]))`,
    [run, entries.map(({ id }) => id), entries.map(({ lastRun }) => lastRun), entries.map(({ pos }) => pos)],
  )
  return wholeNumber(rowCount)
}

/** `$1`: the pipeline, `$2`: the form of the key. Entries without a hash have a key that does not match the types of the destination. */
const openEntries = `(
  SELECT id, last_run, pos, key, key_hash FROM headgate.quarantine
  WHERE pipeline = $1 AND key_form = $2 AND key_hash IS NOT NULL AND state IN ('open', 'parked') OFFSET 0)`

/** Whether rows were copied directly into the destination since the pipeline's last successful run, whose finish step checked all earlier rows. */
async function hasStraightBatches(tx: Queryable, pipeline: string, run: number): Promise<boolean> {
  const { rows } = await tx.query(
    `SELECT EXISTS (
      SELECT FROM headgate.run JOIN headgate.batch ON batch.run = run.id
      WHERE run.pipeline = $1 AND batch.straight AND (run.id = $2
        OR run.id > coalesce((SELECT max(id) FROM headgate.run WHERE pipeline = $1 AND state = 'Succeeded'), 0))
    ) AS straight`,
    [pipeline, run],
  )
  return onlyRow(rows).straight === true
}

function seenEntryOf(row: Row): SeenEntry {
  return { id: wholeNumber(row.id), lastRun: wholeNumber(row.last_run), pos: BigInt(row.pos as string) }
}

function relationOf({ schema, relation }: AcceptedRows): string {
  return schema === undefined ? pg.escapeIdentifier(relation) : `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(relation)}`
}

function equal(columns: readonly KeyColumn[], relation: string): string {
  return columns.map(({ name }) => `${relation}.${pg.escapeIdentifier(name)} = kept.${pg.escapeIdentifier(name)}`).join(' AND ')
}
