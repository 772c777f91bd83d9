// allUnchanged: checks whether the destination already holds a whole batch, equal in every column. The cheapest query, and for a
// re-loaded feed usually the only one. Used by the stage route.
import type { RunContext, Transaction } from '../../../../sdk/index.ts'
import type { HeapRange } from '../merge/heap-range.ts'
import { keyHash, stretch, unchanged } from '../merge/merge-sql.ts'
import { quote, relation } from '../names.ts'
import type { LoadPlan } from '../plan.ts'

// The name of a declared field has no double quote, so these names never collide.
const near = quote('"near')
const same = quote('"same')

/**
 * Returns the hashes of the keys if the destination holds each of the stage's `size` rows, whose keys differ, unchanged; otherwise
 * undefined. `range` is the part of the heap where most of them are expected.
 */
export async function allUnchanged(tx: Transaction, run: RunContext, plan: LoadPlan, range: HeapRange, size: number): Promise<Buffer | undefined> {
  const { rows } = await tx.query(probeStatement(plan, range), [run.id])
  return Number(rows[0]?.found) === size ? (rows[0]?.keys as Buffer) : undefined
}

/** Scans the range as a whole, and looks up the few rows outside it. OFFSET 0 forces this plan. */
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
