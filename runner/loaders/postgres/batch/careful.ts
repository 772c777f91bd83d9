// loadByParts: finds the records whose rows the destination refuses, and loads the others. The engine rolls back a refused batch, and
// calls this with the same rows in a new transaction. Used for batches, and for staged rows.
import { HeadgateError, type Transaction } from '../../../../sdk/index.ts'
import { classifyError } from '../../../../store/errors.ts'
import { DestinationRefusal, describeRefusal, type Refusal } from '../../../../store/refusal.ts'
import type { LoadedRows } from '../../capabilities.ts'
import { relation, type TableName } from '../names.ts'

export type RefusedRow = {
  /** Among those that were given to `loadByParts`. */
  index: number
  refusal: Refusal
}

export type CarefulCounts = { counts: LoadedRows; refused: RefusedRow[] }

/** Loads the rows of some records, or some rows, by index. */
export type Load = (indexes: Uint32Array) => Promise<LoadedRows>

/** A search may cover several batches, each with its own rows. */
export type Search = {
  tx: Transaction
  /** Throws DestinationRefused if more rows than this are refused. */
  most: number
  /** Names of the foreign keys that reference their own table: a row that one of them refuses may be waiting for its parent. */
  selfReferences: ReadonlySet<unknown>
}

type Part = Search & { load: Load; counts: LoadedRows; refused: RefusedRow[] }

/** Number of parts that a refused part is split into: as few statements as with two parts, and each row is loaded half as often. */
const split = 4

const nothing: LoadedRows = { loaded: 0, unchanged: 0, superseded: 0, overwrote: 0, unchangedKeys: null, overwrittenKeys: null }

/** Begins a search for rows that the table refuses. It ends with the transaction. */
export async function beginSearch(tx: Transaction, table: TableName, most: number): Promise<Search> {
  // A constraint that is deferred until COMMIT could not name the row.
  await tx.query('SET CONSTRAINTS ALL IMMEDIATE')
  return { tx, most, selfReferences: await selfReferences(tx, table) }
}

/**
 * Loads the rows in parts. A refused part is rolled back and split, down to single rows. A row may be refused because its parent comes
 * later in the file, so refused rows are retried until no more of them are accepted. Rows that wait for a parent count when `checkMost`
 * is called with them.
 */
export async function loadByParts(search: Search, rows: Uint32Array, load: Load): Promise<CarefulCounts> {
  const part: Part = { ...search, load, counts: nothing, refused: [] }
  let pending = rows
  do {
    part.refused = []
    await loadPart(part, pending)
    if (part.refused.length === pending.length) break
    pending = Uint32Array.from(part.refused, ({ index }) => index)
  } while (pending.length > 0)
  return { counts: part.counts, refused: part.refused }
}

async function loadPart(search: Part, part: Uint32Array): Promise<void> {
  const refusal = await tryPart(search, part)
  if (refusal === undefined) return
  if (part.length > 1) {
    const size = Math.ceil(part.length / split)
    for (let at = 0; at < part.length; at += size) await loadPart(search, part.subarray(at, at + size))
    return
  }
  search.refused.push({ index: part[0] as number, refusal })
  // Splitting separates children from their parents, so whether they are refused is known at the end only.
  checkMost(
    search.most,
    search.refused.filter((row) => !search.selfReferences.has(row.refusal.by)),
  )
}

/** Throws DestinationRefused if more than `most` rows are refused. */
export function checkMost(most: number, refused: readonly { refusal: Refusal }[]): void {
  const last = refused.at(-1)
  if (last === undefined || refused.length <= most) return
  throw new HeadgateError(
    'DestinationRefused',
    `the destination refuses more than ${most} records, which destination.postgres.maxRefusedRatio does not allow; ` +
      `the last one ${describeRefusal(last.refusal)}`,
  )
}

async function selfReferences(tx: Transaction, table: TableName): Promise<Set<unknown>> {
  const { rows } = await tx.query(`SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = $1::regclass AND confrelid = conrelid`, [
    relation(table),
  ])
  return new Set(rows.map(({ conname }) => conname))
}

/** Returns why the part was rolled back; undefined if it is loaded. */
async function tryPart(search: Part, part: Uint32Array): Promise<Refusal | undefined> {
  const { tx } = search
  await tx.query('SAVEPOINT headgate_part')
  try {
    const counts = await search.load(part)
    await tx.query('RELEASE SAVEPOINT headgate_part')
    search.counts = sum(search.counts, counts)
    return undefined
  } catch (error) {
    const failure = classifyError(error)
    if (!(failure instanceof DestinationRefusal)) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_part')
    await tx.query('RELEASE SAVEPOINT headgate_part')
    return failure.refusal
  }
}

function sum(one: LoadedRows, other: LoadedRows): LoadedRows {
  return {
    loaded: one.loaded + other.loaded,
    unchanged: one.unchanged + other.unchanged,
    superseded: one.superseded + other.superseded,
    overwrote: (one.overwrote ?? 0) + (other.overwrote ?? 0),
    unchangedKeys: joined(one.unchangedKeys, other.unchangedKeys),
    overwrittenKeys: joined(one.overwrittenKeys, other.overwrittenKeys),
  }
}

function joined(one: Buffer | null | undefined, other: Buffer | null | undefined): Buffer | null {
  const buffers = [one, other].filter((buffer) => buffer !== null && buffer !== undefined)
  return buffers.length === 0 ? null : Buffer.concat(buffers)
}
