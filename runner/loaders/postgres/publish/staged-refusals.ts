// findStagedRefusals: finds the rows of a run's staging table that the destination refuses. Loads them as publishing would, batch by
// batch, in a transaction that the caller rolls back. Called when publishing a run was refused.
import { HeadgateError, type RunContext, type Transaction } from '../../../../sdk/index.ts'
import type { Refusal } from '../../../../store/refusal.ts'
import type { BatchRange, LoadedRows } from '../../capabilities.ts'
import { beginSearch, checkMost, loadByParts, type Search } from '../batch/careful.ts'
import { merge } from '../merge/merge.ts'
import { list, quote, relation, type TableName } from '../names.ts'
import { columnNames, type LoadPlan } from '../plan.ts'
import { checkTaken } from '../rows/dropped.ts'
import { openTrial, type Trial } from './trial.ts'

/** The staged rows of a record, by their `_pos` in decimal digits. */
type StagedRow = { order: string; refusal: Refusal }

export type StagedSearch = {
  plan: LoadPlan
  /** The run's batches in source order. */
  stretches: readonly BatchRange[]
  /** Throws DestinationRefused if more rows than this are refused. */
  most: number
}

/** Most rows that may wait for a parent in a later batch, because they are kept in memory and retried one by one. */
const mostWaiting = 10_000

const nothing: LoadedRows = { loaded: 0, unchanged: 0, superseded: 0 }

/** In source order. Takes the locks that publishing takes. Throws DestinationRefused, also for rules that are not about single rows. */
export async function findStagedRefusals(run: RunContext, tx: Transaction, { plan, stretches, most }: StagedSearch): Promise<StagedRow[]> {
  const { staging } = plan
  if (staging === null) return []
  const trial = await openTrial(tx, plan, staging)
  // Without an index each batch would scan the staging table.
  await tx.query(`CREATE INDEX ON ${relation(staging)} (_pos); ANALYZE ${relation(staging)}`)
  const search = await beginSearch(tx, trial.table, most)
  const load = (where: string) => loadStaged(run, tx, plan, trial, where)
  const refused: StagedRow[] = []
  let waiting: StagedRow[] = []
  for (const stretch of stretches) {
    const orders = await ordersOf(tx, staging, stretch)
    const between = (first: string, last: string) => `_pos BETWEEN ${first} AND ${last}`
    for (const row of await refusedOf(search, orders, load, between)) (search.selfReferences.has(row.refusal.by) ? waiting : refused).push(row)
    checkMost(most, refused)
    checkMost(Math.max(most, mostWaiting), waiting)
  }
  // Their parents may be in a later batch.
  waiting = await refusedOf(
    search,
    waiting.map(({ order }) => order),
    load,
  )
  const all = [...refused, ...waiting]
  checkMost(most, all)
  return all
    .map(({ order, refusal }) => ({ order, refusal: { ...refusal, by: trial.names.get(refusal.by ?? '') ?? refusal.by } }))
    .toSorted((one, other) => (BigInt(one.order) < BigInt(other.order) ? -1 : 1))
}

/** `between` is the condition for rows that follow each other in `orders`, if no other row lies between them. */
async function refusedOf(
  search: Search,
  orders: readonly string[],
  load: (where: string) => Promise<LoadedRows>,
  between?: (first: string, last: string) => string,
): Promise<StagedRow[]> {
  if (orders.length === 0) return []
  const where = (part: Uint32Array) => {
    const [first, last] = [part[0] as number, part.at(-1) as number]
    if (between !== undefined && last - first + 1 === part.length) return between(orders[first] as string, orders[last] as string)
    return `_pos IN (${Array.from(part, (index) => orders[index]).join()})`
  }
  const { refused } = await loadByParts(search, Uint32Array.from(orders.keys()), (part) => load(where(part)))
  return refused.map(({ index, refusal }) => ({ order: orders[index] as string, refusal }))
}

async function ordersOf(tx: Transaction, staging: TableName, { first, last }: BatchRange): Promise<string[]> {
  const { rows } = await tx.query(`SELECT DISTINCT _pos, _pos::text AS order FROM ${relation(staging)} WHERE _pos BETWEEN $1 AND $2 ORDER BY _pos`, [
    first,
    last,
  ])
  return rows.map((row) => row.order as string)
}

async function loadStaged(run: RunContext, tx: Transaction, plan: LoadPlan, { table, keyed }: Trial, where: string): Promise<LoadedRows> {
  const columns = list(columnNames(plan))
  const source = `(SELECT ${columns} FROM ${relation(plan.staging as TableName)} WHERE ${where})`
  if (plan.key.length > 0) {
    const how = { mayRepeatKeys: true, lookUp: keyed, keyHashes: false, exhaustive: false, rewriteUnchanged: false, always: plan.mode === 'Replace' }
    return merge(tx, run, { ...plan, destination: table }, { source, ...how })
  }
  const { rows } = await tx.query(
    `WITH taken AS (INSERT INTO ${relation(table)} (${columns}) SELECT ${columns} FROM ${source} AS staged RETURNING 1)
    SELECT (SELECT count(*) FROM ${source} AS staged) AS sent, (SELECT count(*) FROM taken) AS taken`,
  )
  await checkTaken(tx, table, { event: 'INSERT', sent: Number(rows[0]?.sent), taken: Number(rows[0]?.taken) })
  return nothing
}

/** Removes the rows of refused records from the run's staging table, by `_pos` in decimal digits. Returns how many rows that were. */
export async function dropStagedRows(tx: Transaction, { staging }: LoadPlan, orders: readonly string[]): Promise<number> {
  if (staging === null) return 0
  const { rowCount } = await tx.query(`DELETE FROM ${relation(staging)} WHERE _pos = ANY ($1::bigint[])`, [orders])
  if (rowCount !== null && rowCount >= orders.length) return rowCount
  throw new HeadgateError('Internal', `${quote(staging.name)} holds ${rowCount} rows of ${orders.length} refused records`)
}
