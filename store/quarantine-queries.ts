// Queries on the quarantine: lists, a single entry, and the most frequent reasons. Called by the CLI.
import { type Evidence, HeadgateError, type RecordError } from '../sdk/index.ts'
import { keyAfter, type Page, type PageRequest, pageOf } from './pages.ts'
import { type Queryable, type Row, wholeNumber } from './queryable.ts'

export type QuarantineState = 'open' | 'parked' | 'corrected' | 'replayed' | 'superseded' | 'discarded'

export type QuarantineEntry = {
  id: number
  pipeline: string
  /** The first run that rejected the record; `slice`, `input` and `position` are the record's place in that run. */
  run: number
  slice: number
  input: string
  position: number
  /** Whether the raw record is its exact bytes in the source, or JSON made from it. */
  evidence: Evidence
  record: Record<string, unknown> | undefined
  errors: RecordError[]
  fingerprint: string
  key: Record<string, string> | undefined
  state: QuarantineState
  stateRun: number | undefined
  stateAt: Date
  stateReason: string | undefined
  /** The last run that rejected the record. */
  lastRun: number
  occurrences: number
  createdAt: Date
}

/** `run` selects all records that the run rejected, including those that an earlier run had already rejected. */
export type QuarantineFilter = { pipeline?: string; run?: number; state?: QuarantineState; fingerprint?: string; code?: string } & PageRequest

export type RejectReason = { field: string | undefined; code: string; message: string; count: number }

const entryColumns = `id, pipeline, run, slice, input, position, evidence, record, errors, fingerprint, key, state, state_run, state_at, state_reason, last_run,
  occurrences, created_at`

/**
 * Entries of the latest run first, in source order within a run. An entry that a newer run rejects again between two pages moves to the
 * front: later pages do not contain it, and no entry is on two pages. No index has this order, so a page without `run` sorts all matching
 * entries. An index on `last_run` would slow down every repeated delivery of rejected records.
 */
export async function listQuarantine(db: Queryable, filter: QuarantineFilter): Promise<Page<QuarantineEntry>> {
  const after = filter.after === undefined ? [null, null, null] : keyAfter('quarantine', filter.after, 3)
  const { rows } = await db.query(
    `SELECT ${entryColumns}, ARRAY[last_run, pos, id]::text[] AS sort_key FROM headgate.quarantine
    WHERE ($1::text IS NULL OR pipeline = $1)
      AND ($2::bigint IS NULL OR id IN (SELECT quarantine FROM headgate.quarantine_occurrence WHERE run = $2))
      AND ($3::text IS NULL OR state = $3)
      AND ($4::text IS NULL OR fingerprint = $4)
      AND ($5::text IS NULL OR $5 = ANY (codes))
      AND ($7::bigint IS NULL OR last_run < $7 OR (last_run = $7 AND (pos, id) > ($8::bigint, $9::bigint)))
    ORDER BY last_run DESC, pos, id LIMIT $6`,
    [filter.pipeline ?? null, filter.run ?? null, filter.state ?? null, filter.fingerprint ?? null, filter.code ?? null, filter.limit + 1, ...after],
  )
  const { items, next } = pageOf('quarantine', rows, filter, ({ sort_key }) => sort_key as string[])
  return { items: items.map(entryOf), next }
}

/** The entry with its raw record; undefined if it does not exist. */
export async function showQuarantine(db: Queryable, id: number): Promise<(QuarantineEntry & { raw: Buffer }) | undefined> {
  const { rows } = await db.query(`SELECT ${entryColumns}, raw FROM headgate.quarantine WHERE id = $1`, [id])
  return rows[0] === undefined ? undefined : { ...entryOf(rows[0]), raw: rows[0].raw as Buffer }
}

/** The reasons for which a run rejected records, most frequent first. A record with several errors counts once for each. */
export async function topReasons(db: Queryable, options: { run: number; limit: number }): Promise<RejectReason[]> {
  const { rows } = await db.query(
    `SELECT error ->> 'field' AS field, error ->> 'code' AS code, min(error ->> 'message') AS message,
      count(DISTINCT (occurrence.slice, occurrence.record_order)) AS count
    FROM headgate.quarantine_occurrence AS occurrence
    JOIN headgate.quarantine ON quarantine.id = occurrence.quarantine, jsonb_array_elements(quarantine.errors) AS error
    WHERE occurrence.run = $1 GROUP BY 1, 2 ORDER BY count DESC, code, field LIMIT $2`,
    [options.run, options.limit],
  )
  return rows.map((row) => ({
    field: (row.field as string | null) ?? undefined,
    code: row.code as string,
    message: row.message as string,
    count: wholeNumber(row.count),
  }))
}

/** Closes an unresolved entry permanently. Throws QuarantineNotOpen if it does not exist or is already resolved. */
export async function discardQuarantine(db: Queryable, id: number, reason: string): Promise<void> {
  const { rowCount } = await db.query(
    `UPDATE headgate.quarantine SET state = 'discarded', state_run = NULL, state_at = clock_timestamp(), state_reason = $2, key_form = NULL, key_hash = NULL
    WHERE id = $1 AND state IN ('open', 'parked', 'corrected')`,
    [id, reason],
  )
  if (rowCount !== 1)
    throw new HeadgateError(
      'QuarantineNotOpen',
      `there is no unresolved quarantine entry ${id}; list unresolved entries with: headgate quarantine list --state open`,
    )
}

export function entryOf(row: Row): QuarantineEntry {
  return {
    id: wholeNumber(row.id),
    pipeline: row.pipeline as string,
    run: wholeNumber(row.run),
    slice: row.slice as number,
    input: row.input as string,
    position: wholeNumber(row.position),
    evidence: row.evidence as Evidence,
    record: (row.record as Record<string, unknown> | null) ?? undefined,
    errors: row.errors as RecordError[],
    fingerprint: row.fingerprint as string,
    key: (row.key as Record<string, string> | null) ?? undefined,
    state: row.state as QuarantineState,
    stateRun: row.state_run === null ? undefined : wholeNumber(row.state_run),
    stateAt: row.state_at as Date,
    stateReason: (row.state_reason as string | null) ?? undefined,
    lastRun: wholeNumber(row.last_run),
    occurrences: row.occurrences as number,
    createdAt: row.created_at as Date,
  }
}

/** Entries in any state that have one of these keys and belong to a pipeline that writes to one of `tables`; latest first, at most 100. */
export async function entriesByKey(db: Queryable, options: { tables: readonly string[]; keys: readonly Record<string, string>[] }): Promise<QuarantineEntry[]> {
  const columns = entryColumns
    .split(',')
    .map((column) => `entry.${column.trim()}`)
    .join(', ')
  const { rows } = await db.query(
    `SELECT ${columns} FROM headgate.quarantine AS entry JOIN headgate.run ON run.id = entry.last_run
    WHERE entry.key = ANY ($1::jsonb[]) AND run.spec #>> '{destination,postgres,table}' = ANY ($2::text[])
    ORDER BY entry.id DESC LIMIT 100`,
    [options.keys.map((key) => JSON.stringify(key)), options.tables],
  )
  return rows.map(entryOf)
}
