// The ledger: one row per committed batch, written in the batch's own transaction. Called by the engine.
import type { Position } from '../sdk/index.ts'
import { type Counts, countColumns, countsOf, type Timings, timingColumns, timingsOf } from './counts.ts'
import type { ObservedFields } from './observed.ts'
import { onlyRow, type Queryable, wholeNumber } from './queryable.ts'
import { recordOrderSql } from './record-order.ts'

/** A batch that is being committed. Rows of the finish slice correct counts: `read` 0, the others signed and balanced. */
export type LedgerEntry = {
  run: number
  slice: number
  /** `batches` of the locked slice. */
  ordinal: number
  epoch: number
  /** Ordinal of the input of the batch's first record. */
  input: number
  /** Of its last record, if that is another. */
  lastInput?: number
  counts: Counts
  /** Rows of this same run that were replaced and are still counted as loaded: only in what workers of older versions wrote. */
  overwrote?: number
  /** Warning code → how often. */
  warnings?: Record<string, number>
  observed?: ObservedFields
  from?: Position | undefined
  to?: Position | undefined
  firstOrder?: number
  lastOrder?: number
  unchangedKeys?: Buffer | null
  overwrittenKeys?: Buffer | null
  /** Of every accepted record, where the destination has no relation that holds them. */
  acceptedKeys?: Buffer | null
  timings?: Timings
  /** The rows were copied straight into the destination. */
  straight?: boolean
}

export type RunTotals = { counts: Counts; timings: Timings; warnings: Record<string, number>; batches: number; overwrote: number; bytes: number }

/** Where a run stands that is still being read. `mostFurther`: how many more records can be accepted at most, if that is known. */
export type RunSoFar = { read: number; rejected: number; mostFurther: number | undefined }

/** 8-byte hashes of keys that a batch observed, one after another. */
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

/** Writes the ledger row; PostgreSQL refuses one that does not balance. */
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
    entry.straight ?? false,
  ])
}

const sums = [...countColumns, ...timingColumns, 'overwrote'].map((column) => `coalesce(sum(${column}), 0) AS ${column}`).join(', ')

/** Sums over the ledger so far; `bytes` are those of the slices that are done. */
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
 * The records of all workers that the ledger holds, and how many more can be accepted at most; undefined if the plan does not bound
 * that. One statement, and so one state of the run.
 *
 * A slice of which `left` bytes are not read yet gives at most `left / least_record_bytes + 1` more: all but its last one take
 * `least_record_bytes`. What is behind the start of its last committed record counts as left, and all of a slice with several inputs:
 * orders of one say nothing of the bytes of another.
 */
export async function runSoFar(db: Queryable, run: number): Promise<RunSoFar> {
  const { rows } = await db.query(
    `SELECT coalesce(sum(read), 0) AS read, coalesce(sum(rejected), 0) AS rejected,
      CASE WHEN bool_and(state = 'done' OR (bytes IS NOT NULL AND least_record_bytes IS NOT NULL))
        THEN coalesce(sum(greatest(bytes - coalesce(passed, 0), 0) / least_record_bytes + 1) FILTER (WHERE state <> 'done'), 0) END AS most_further
    FROM headgate.slice LEFT JOIN (
      SELECT slice, sum(read) AS read, sum(quarantined + parked) AS rejected,
        CASE WHEN min(input) = max(coalesce(last_input, input)) THEN max(last_order) - min(first_order) END AS passed
      FROM headgate.batch WHERE run = $1 GROUP BY slice
    ) AS committed ON committed.slice = slice.ordinal
    WHERE slice.run = $1 AND kind = 'read'`,
    [run],
  )
  const { read, rejected, most_further } = onlyRow(rows)
  return { read: wholeNumber(read), rejected: wholeNumber(rejected), mostFurther: most_further === null ? undefined : wholeNumber(most_further) }
}

/** Sums over the slice's batches so far; `bytes` as its positions tell them. */
export async function sliceTotals(db: Queryable, run: number, slice: number): Promise<{ counts: Counts; bytes: number }> {
  const { rows } = await db.query(
    `SELECT ${sums}, coalesce(sum(last_order - first_order) FILTER (WHERE last_input IS NULL), 0) AS bytes FROM headgate.batch WHERE run = $1 AND slice = $2`,
    [run, slice],
  )
  const row = onlyRow(rows)
  return { counts: countsOf(row), bytes: wholeNumber(row.bytes) }
}

/** What batches observed of rows that were there. */
export type ObservedKind = 'unchanged' | 'overwritten'
export type KeyKind = ObservedKind | 'accepted'

/** How many key hashes of each kind the run's batches keep. */
export async function countKeys(db: Queryable, run: number): Promise<Record<ObservedKind, number>> {
  const { rows } = await db.query(
    `SELECT coalesce(sum(octet_length(unchanged_keys)), 0) / 8 AS unchanged, coalesce(sum(octet_length(overwritten_keys)), 0) / 8 AS overwritten
    FROM headgate.batch WHERE run = $1`,
    [run],
  )
  const row = onlyRow(rows)
  return { unchanged: wholeNumber(row.unchanged), overwritten: wholeNumber(row.overwritten) }
}

/** Batches that kept key hashes of this kind, in source order; one at a time is in memory. */
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

/** Where a committed batch began, and `_pos` of its last record. */
export async function findBatch(db: Queryable, run: number, slice: number, ordinal: number): Promise<{ from: Position | undefined; last: bigint }> {
  const { rows } = await db.query(`SELECT ${lastOrderSql} AS last, from_position::text FROM headgate.batch WHERE run = $1 AND slice = $2 AND ordinal = $3`, [
    run,
    slice,
    ordinal,
  ])
  const row = onlyRow(rows)
  return { from: positionOf(row.from_position), last: BigInt(row.last as string) }
}

/** Where a batch's records stand: `first` and `last` are the `_pos` of its first and last one, in decimal digits. */
export type BatchPlace = { slice: number; from: Position | undefined; first: string; last: string; loaded: number }

/** Places of the run's batches, in source order. */
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

/** Drops the key hashes, which are of no use once the run is finished. */
export async function forgetKeys(tx: Queryable, run: number): Promise<void> {
  await tx.query(
    `UPDATE headgate.batch SET unchanged_keys = NULL, overwritten_keys = NULL, accepted_keys = NULL
    WHERE run = $1 AND (unchanged_keys IS NOT NULL OR overwritten_keys IS NOT NULL OR accepted_keys IS NOT NULL)`,
    [run],
  )
}

/** JSON null is a position, undefined is none. */
export function positionText(position: Position | undefined): string | null {
  return position === undefined ? null : JSON.stringify(position)
}

export function positionOf(text: unknown): Position | undefined {
  return text === null ? undefined : (JSON.parse(text as string) as Position)
}
