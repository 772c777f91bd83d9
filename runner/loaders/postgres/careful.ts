// loadByHalves: finds the rows that the destination refuses, and loads the others. The usual path knows nothing of it: the
// engine rolls a refused batch back and comes here with the same rows in a new transaction. Used by PostgresLoader.loadCarefully.
import { HeadgateError, type LoadCounts, type Transaction } from '../../../sdk/index.ts'
import { classifyError } from './errors.ts'
import { relation, type TableName } from './names.ts'
import { DestinationRefusal, describeRefusal, type Refusal } from './refusal.ts'

export type RefusedRow = {
  /** Index among the batch's rows. */
  index: number
  refusal: Refusal
}

export type CarefulCounts = { counts: LoadCounts; refused: RefusedRow[] }

type Load = (indexes: Uint32Array) => Promise<LoadCounts>
type Search = { tx: Transaction; load: Load; most: number; selfReferences: ReadonlySet<unknown>; counts: LoadCounts; refused: RefusedRow[] }

const nothing: LoadCounts = { loaded: 0, unchanged: 0, superseded: 0, overwrote: 0, unchangedKeys: null, overwrittenKeys: null }

/**
 * Loads the rows by halves: a part that is refused is undone and halved, until single rows are left. A row may only have
 * waited for another (the parent that comes later in the file), so refused rows are tried again until no more go in.
 * Throws DestinationRefused if more than `most` rows are refused.
 */
export async function loadByHalves(tx: Transaction, table: TableName, rows: Uint32Array, most: number, load: Load): Promise<CarefulCounts> {
  // What is deferred until COMMIT would tell too late which row it was.
  await tx.query('SET CONSTRAINTS ALL IMMEDIATE')
  const search: Search = { tx, load, most, selfReferences: await selfReferences(tx, table), counts: nothing, refused: [] }
  let pending = rows
  do {
    search.refused = []
    await loadPart(search, pending)
    if (search.refused.length === pending.length) break
    pending = Uint32Array.from(search.refused, ({ index }) => index)
  } while (pending.length > 0)
  checkMost(search, search.refused)
  return { counts: search.counts, refused: search.refused }
}

async function loadPart(search: Search, part: Uint32Array): Promise<void> {
  const refusal = await tryPart(search, part)
  if (refusal === undefined) return
  if (part.length > 1) {
    const middle = part.length >> 1
    await loadPart(search, part.subarray(0, middle))
    await loadPart(search, part.subarray(middle))
    return
  }
  search.refused.push({ index: part[0] as number, refusal })
  // Halving separates children from their parents; whether they are refused for good shows at the end.
  checkMost(
    search,
    search.refused.filter((row) => !search.selfReferences.has(row.refusal.by)),
  )
}

function checkMost({ most }: Search, refused: readonly RefusedRow[]): void {
  const last = refused.at(-1)
  if (last === undefined || refused.length <= most) return
  throw new HeadgateError(
    'DestinationRefused',
    `the destination refuses more than ${most} records of a batch, which destination.postgres.maxRefusedRatio does not allow; ` +
      `the last one ${describeRefusal(last.refusal)}`,
  )
}

/** Names of the foreign keys that point at the table they belong to. */
async function selfReferences(tx: Transaction, table: TableName): Promise<Set<unknown>> {
  const { rows } = await tx.query(`SELECT conname FROM pg_constraint WHERE contype = 'f' AND conrelid = $1::regclass AND confrelid = conrelid`, [
    relation(table),
  ])
  return new Set(rows.map(({ conname }) => conname))
}

/** Returns why the part was undone; undefined if it is loaded. */
async function tryPart(search: Search, part: Uint32Array): Promise<Refusal | undefined> {
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

function sum(one: LoadCounts, other: LoadCounts): LoadCounts {
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
