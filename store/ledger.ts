// The ledger: one row per committed batch, written in the batch's transaction. Called by the engine.
import type { Position } from '../sdk/index.ts'
import { type Counts, countColumns, countsOf, type Timings, timingColumns, timingsOf } from './counts.ts'
import type { ObservedFields } from './observed.ts'
import { onlyRow, type Queryable, wholeNumber } from './queryable.ts'
import { recordOrderSql } from './record-order.ts'

/** The ledger row of a batch. Rows of the finish slice are corrections: `read` is 0, and the other counts are signed and add up to 0. */
export type LedgerEntry = {
  run: number
  slice: number
  /** The slice's `batches` as returned by `lockSlice`. */
  ordinal: number
  epoch: number
  /** Ordinal of the input of the batch's first record. */
  input: number
  /** Ordinal of the input of the batch's last record, if that is another input. */
  lastInput?: number
  counts: Counts
  /** Rows of this run that were overwritten but are still counted as loaded. Only workers of older versions write this. */
  overwrote?: number
  /** Warning code → number of occurrences. */
  warnings?: Record<string, number>
  observed?: ObservedFields
  from?: Position | undefined
  to?: Position | undefined
  firstOrder?: number
  lastOrder?: number
  unchangedKeys?: Buffer | null
  overwrittenKeys?: Buffer | null
  /** Hashes of the keys of all accepted records, for destinations that have no relation with these keys. */
  acceptedKeys?: Buffer | null
  timings?: Timings
  /** Whether the rows were copied directly into the destination. */
  copiedDirectly?: boolean
}

export type RunTotals = { counts: Counts; timings: Timings; warnings: Record<string, number>; batches: number; overwrote: number; bytes: number }

/** Progress of a run that is being read. `maxRemaining`: upper bound for the records that can still be accepted; undefined if unknown. */
export type RunSoFar = { read: number; rejected: number; maxRemaining: number | undefined }

/** Keys that a batch observed: `keys` is a concatenation of 8-byte hashes. */
export type BatchKeys = { slice: number; ordinal: number; input: number; firstOrder: number; keys: Buffer }

const entryColumns = [
  'run',
  'slice',
  'ordinal',
  'epoch',
  'input',
  ...countColumns,
  'overwrote',
  'warnings',
  'observed',
  'from_position',
  'to_position',
  'first_order',
  'last_order',
  'last_input',
  'unchanged_keys',
  'overwritten_keys',
  'accepted_keys',
  ...timingColumns,
  'straight',
]
const insertEntry = `INSERT INTO headgate.batch (${entryColumns.join(', ')}) VALUES (${entryColumns.map((_, index) => `$${index + 1}`).join(', ')})`

/** Writes the ledger row. A check constraint refuses a row that does not balance. */
export async function recordBatch(tx: Queryable, entry: LedgerEntry): Promise<void> {
  const { counts, timings } = entry
  await tx.query(insertEntry, [
    entry.run,
    entry.slice,
    entry.ordinal,
    entry.epoch,
    entry.input,
    ...countColumns.map((column) => counts[column]),
    entry.overwrote ?? 0,
    JSON.stringify(entry.warnings ?? {}),
    entry.observed === undefined ? null : JSON.stringify(entry.observed),
    positionText(entry.from),
    positionText(entry.to),
    entry.firstOrder ?? null,
    entry.lastOrder ?? null,
    entry.lastInput === entry.input ? null : (entry.lastInput ?? null),
    entry.unchangedKeys ?? null,
    entry.overwrittenKeys ?? null,
    entry.acceptedKeys ?? null,
    timings?.extract ?? 0,
    timings?.validate ?? 0,
    timings?.transform ?? 0,
    timings?.load ?? 0,
    entry.copiedDirectly ?? false,
  ])
}

const sums = [...countColumns, ...timingColumns, 'overwrote'].map((column) => `coalesce(sum(${column}), 0) AS ${column}`).join(', ')

/** Sums over the ledger so far; `bytes` is the size of the slices that are done. */
export async function runTotals(db: Queryable, run: number): Promise<RunTotals> {
  const { rows } = await db.query(
    `SELECT ${sums}, count(*) AS batches, headgate.run_warnings($1) AS warnings,
      (SELECT coalesce(sum(bytes), 0) FROM headgate.slice WHERE run = $1 AND state = 'done') AS bytes
    FROM headgate.batch WHERE run = $1`,
    [run],
  )
  const row = onlyRow(rows)
  return {
    counts: countsOf(row),
    timings: timingsOf(row),
    warnings: row.warnings as Record<string, number>,
    batches: wholeNumber(row.batches),
    overwrote: wholeNumber(row.overwrote),
    bytes: wholeNumber(row.bytes),
  }
}

/**
 * Counts of all workers in the ledger, and an upper bound for the records that can still be accepted; undefined if the plan gives no
 * bound. Uses a single statement, so that all numbers are of one snapshot.
 *
 * A slice with `left` unread bytes yields at most `left / least_record_bytes + 1` further records: each of them except the last takes at
 * least `least_record_bytes`. All bytes after the start of the last committed record count as unread. So do all bytes of a slice with
 * several inputs, because the order of a record in one input does not show how many bytes of another have been read.
 */
export async function runSoFar(db: Queryable, run: number): Promise<RunSoFar> {
  const { rows } = await db.query(
    `SELECT coalesce(sum(read), 0) AS read, coalesce(sum(rejected), 0) AS rejected,
      CASE WHEN bool_and(state = 'done' OR (bytes IS NOT NULL AND least_record_bytes IS NOT NULL))
        THEN coalesce(sum(greatest(bytes - coalesce(passed, 0), 0) / least_record_bytes + 1) FILTER (WHERE state <> 'done'), 0) END AS max_remaining
    FROM headgate.slice LEFT JOIN (
      SELECT slice, sum(read) AS read, sum(quarantined + parked) AS rejected,
        CASE WHEN min(input) = max(coalesce(last_input, input)) THEN max(last_order) - min(first_order) END AS passed
      FROM headgate.batch WHERE run = $1 GROUP BY slice
    ) AS committed ON committed.slice = slice.ordinal
    WHERE slice.run = $1 AND kind = 'read'`,
    [run],
  )
  const { read, rejected, max_remaining } = onlyRow(rows)
  return { read: wholeNumber(read), rejected: wholeNumber(rejected), maxRemaining: max_remaining === null ? undefined : wholeNumber(max_remaining) }
}

/** Sums over the slice's batches so far; `bytes` is derived from the orders of its records. */
export async function sliceTotals(db: Queryable, run: number, slice: number): Promise<{ counts: Counts; bytes: number }> {
  const { rows } = await db.query(
    `SELECT ${sums}, coalesce(sum(last_order - first_order) FILTER (WHERE last_input IS NULL), 0) AS bytes FROM headgate.batch WHERE run = $1 AND slice = $2`,
    [run, slice],
  )
  const row = onlyRow(rows)
  return { counts: countsOf(row), bytes: wholeNumber(row.bytes) }
}

/** How a batch observed an existing row. */
export type ObservedKind = 'unchanged' | 'overwritten'
export type KeyKind = ObservedKind | 'accepted'

/** Numbers of key hashes in the run's ledger, by kind. */
export async function countKeys(db: Queryable, run: number): Promise<Record<ObservedKind, number>> {
  const { rows } = await db.query(
    `SELECT coalesce(sum(octet_length(unchanged_keys)), 0) / 8 AS unchanged, coalesce(sum(octet_length(overwritten_keys)), 0) / 8 AS overwritten
    FROM headgate.batch WHERE run = $1`,
    [run],
  )
  const row = onlyRow(rows)
  return { unchanged: wholeNumber(row.unchanged), overwritten: wholeNumber(row.overwritten) }
}

/** Yields the batches with key hashes of this kind, in source order. Holds the hashes of one batch in memory. */
export async function* batchesWithKeys(db: Queryable, run: number, kind: KeyKind): AsyncIterable<BatchKeys> {
  const { rows: places } = await db.query(
    `SELECT slice, ordinal, input, first_order FROM headgate.batch WHERE run = $1 AND ${kind}_keys IS NOT NULL ORDER BY input, first_order`,
    [run],
  )
  for (const { slice, ordinal, input, first_order } of places) {
    const { rows } = await db.query(`SELECT ${kind}_keys AS keys FROM headgate.batch WHERE run = $1 AND slice = $2 AND ordinal = $3`, [run, slice, ordinal])
    yield {
      slice: slice as number,
      ordinal: ordinal as number,
      input: input as number,
      firstOrder: wholeNumber(first_order),
      keys: onlyRow(rows).keys as Buffer,
    }
  }
}

const lastOrderSql = recordOrderSql('coalesce(last_input, input)', 'last_order')

/** Start position of a committed batch, and `_pos` of its last record. */
export async function findBatch(db: Queryable, run: number, slice: number, ordinal: number): Promise<{ from: Position | undefined; last: bigint }> {
  const { rows } = await db.query(`SELECT ${lastOrderSql} AS last, from_position::text FROM headgate.batch WHERE run = $1 AND slice = $2 AND ordinal = $3`, [
    run,
    slice,
    ordinal,
  ])
  const row = onlyRow(rows)
  return { from: positionOf(row.from_position), last: BigInt(row.last as string) }
}

/** A batch's range in the source: `first` and `last` are `_pos` of its first and last record, as decimal text. */
export type BatchPlace = { slice: number; from: Position | undefined; first: string; last: string; loaded: number }

/** Ranges of the run's batches, in source order. */
export async function batchPlaces(db: Queryable, run: number): Promise<BatchPlace[]> {
  const { rows } = await db.query(
    `SELECT slice, from_position::text AS from_position, loaded, ${recordOrderSql('input', 'first_order')} AS first, ${lastOrderSql} AS last
    FROM headgate.batch WHERE run = $1 AND first_order IS NOT NULL ORDER BY input, first_order`,
    [run],
  )
  return rows.map((row) => ({
    slice: row.slice as number,
    from: positionOf(row.from_position),
    first: String(row.first),
    last: String(row.last),
    loaded: wholeNumber(row.loaded),
  }))
}

/** Deletes the key hashes, which are not needed once the run is finished. */
export async function deleteKeyHashes(tx: Queryable, run: number): Promise<void> {
  await tx.query(
    `UPDATE headgate.batch SET unchanged_keys = NULL, overwritten_keys = NULL, accepted_keys = NULL
    WHERE run = $1 AND (unchanged_keys IS NOT NULL OR overwritten_keys IS NOT NULL OR accepted_keys IS NOT NULL)`,
    [run],
  )
}

/** JSON null is a valid position; undefined means no position. */
export function positionText(position: Position | undefined): string | null {
  return position === undefined ? null : JSON.stringify(position)
}

export function positionOf(text: unknown): Position | undefined {
  return text === null ? undefined : (JSON.parse(text as string) as Position)
}
