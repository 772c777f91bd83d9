// allUnchanged: asks whether a whole batch is there already, the same in every column. The cheapest question there is, and
// for a feed that is loaded again mostly the only one. Used by the stage route.
import type { RunContext, Transaction } from '../../../../sdk/index.ts'
import type { HeapRange } from '../merge/heap-range.ts'
import { keyHash, stretch, unchanged } from '../merge/merge-sql.ts'
import { quote, relation } from '../names.ts'
import type { LoadPlan } from '../plan.ts'

// No declared field can have a double quote in its name, so these never collide.
const near = quote('"near')
const same = quote('"same')

/**
 * Answers with the hashes of the keys if each of the stage's `size` rows, whose keys differ, is in the destination
 * unchanged; undefined if some is not. `range` is where most of them seem to lie.
 */
export async function allUnchanged(tx: Transaction, run: RunContext, plan: LoadPlan, range: HeapRange, size: number): Promise<Buffer | undefined> {
  const { rows } = await tx.query(probeStatement(plan, range), [run.id])
  return Number(rows[0]?.found) === size ? (rows[0]?.keys as Buffer) : undefined
}

/** Reads the stretch as a whole; the few rows that are not in it are looked up. OFFSET 0 keeps the planner to that. */
function probeStatement(plan: LoadPlan, range: HeapRange): string {
  const target = relation(plan.destination)
  const match = plan.key.map((column) => `d.${quote(column)} = s.${quote(column)}`).join(' AND ')
  return `
  SELECT count(*)::int AS found, string_agg(${keyHash(plan, 's')}, '') AS keys
  FROM (
    SELECT s.*, d.ctid AS ${near}, ${unchanged(plan)} AS ${same}
    FROM ${quote(plan.stage)} s LEFT JOIN ${stretch(plan, range)} d ON ${match} OFFSET 0
  ) s
  LEFT JOIN LATERAL (SELECT ${unchanged(plan)} AS same FROM ${target} d WHERE s.${near} IS NULL AND ${match} OFFSET 0) far ON true
  WHERE CASE WHEN s.${near} IS NULL THEN far.same ELSE s.${same} END`
}
