// heapRange: where in the destination's heap a batch's rows seem to lie. Feeds come in the same order again and again, so the
// rows that a batch meets were mostly written next to each other, and reading that stretch costs half of looking each up.
import type { Transaction } from '../../../../sdk/index.ts'
import { quote, relation } from '../names.ts'
import type { LoadPlan } from '../plan.ts'

/** Bounds of a stretch of the heap, as row addresses: from inclusive, to exclusive. */
export type HeapRange = { from: string; to: string }

/** Pages of the source from which one row each is looked up. */
const samples = 64
/** How many times the source's own size the stretch may be and still be cheaper to read than looking up each row. */
const widest = 3

/**
 * Looks up a few rows of `source` (quoted), evenly spread over it, and answers with the stretch between those that are there,
 * and some more at both ends. Undefined if few are there or they lie far apart. Only a guess: rows outside are looked up.
 */
export async function heapRange(tx: Transaction, plan: LoadPlan, source: string): Promise<HeapRange | undefined> {
  const match = plan.key.map((column) => `t.${quote(column)} = s.${quote(column)}`).join(' AND ')
  const { rows } = await tx.query(
    `WITH source AS MATERIALIZED (SELECT pg_relation_size($1::regclass) / current_setting('block_size')::int8 AS pages),
    picked AS MATERIALIZED (
      SELECT s.* FROM ${source} s
      WHERE s.ctid = ANY (ARRAY(SELECT format('(%s,1)', page)::tid FROM source, generate_series(0, pages - 1, greatest(1, pages / ${samples})) AS page)))
    SELECT source.pages::int AS pages, (min(d.ctid)::text::point)[0]::int8 AS first, (max(d.ctid)::text::point)[0]::int8 AS last,
      count(d.ctid)::int AS found, count(*)::int AS asked
    FROM source, picked s LEFT JOIN LATERAL (SELECT t.ctid FROM ${relation(plan.destination)} t WHERE ${match} OFFSET 0) d ON true
    GROUP BY source.pages`,
    [source],
  )
  const row = rows[0]
  if (row === undefined || Number(row.found) * 2 < Number(row.asked)) return undefined
  const [pages, first, last] = [Number(row.pages), Number(row.first), Number(row.last)]
  if (last - first > widest * pages) return undefined
  const margin = Math.ceil((last - first) / samples) + 8
  return { from: `(${Math.max(0, first - margin)},0)`, to: `(${last + margin},0)` }
}
