// heapRange: estimates where in the destination's heap a batch's rows are. A feed usually comes in the same order each time, so the
// existing rows of a batch are mostly adjacent, and scanning that range costs half of looking up each row.
import type { Transaction } from '../../../../sdk/index.ts'
import { quote, relation } from '../names.ts'
import type { LoadPlan } from '../plan.ts'

/** Bounds of a range of the heap, as row addresses: `from` inclusive, `to` exclusive. */
export type HeapRange = { from: string; to: string }

/** Number of pages of the source from which one row each is looked up. */
const samples = 64
/** Largest size of the range, as a multiple of the source's size, that is cheaper to scan than looking up each row. */
const widest = 3

/**
 * Looks up a few rows of `source` (quoted), evenly spread over it, and returns the range between those that exist, widened at both
 * ends. Returns undefined if few of them exist or they are far apart. The range is an estimate: rows outside are looked up.
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
