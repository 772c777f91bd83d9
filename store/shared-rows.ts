// Finds destinations that share rows: a table and its partitions or child tables contain the same rows. Called by run-order.ts and silent-runs.ts.
import type { Queryable } from './queryable.ts'

/**
 * Relation `related` (id, level): the destination $1 and its ancestors and descendants by partitioning or inheritance. `level` is the number
 * of steps below $1, negative for ancestors. Siblings are not included, because they share no rows. The catalogue is read on each call,
 * because partitions are attached and detached at any time.
 *
 * No other way of sharing rows is considered: a view cannot be a destination, and two parents of one child are related to the child but
 * not to each other.
 */
export const related = `
  WITH RECURSIVE above (oid, level) AS (
    SELECT c.oid, 0 FROM headgate.destination AS d
      JOIN pg_catalog.pg_namespace AS n ON n.nspname = split_part(d.name, '.', 1)::name
      JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = split_part(d.name, '.', 2)::name
     WHERE d.id = $1
    UNION
    SELECT i.inhparent, above.level - 1 FROM above JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = above.oid
  ), below (oid, level) AS (
    SELECT oid, level FROM above WHERE level = 0
    UNION
    SELECT i.inhrelid, below.level + 1 FROM below JOIN pg_catalog.pg_inherits AS i ON i.inhparent = below.oid
  ), related (id, level) AS (
    SELECT $1::integer, 0
    UNION
    SELECT d.id, tree.level FROM (SELECT oid, level FROM above UNION SELECT oid, level FROM below) AS tree
      JOIN pg_catalog.pg_class AS c ON c.oid = tree.oid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      JOIN headgate.destination AS d ON d.name = n.nspname::text || '.' || c.relname::text
  )`

/** Ids of the destination and of those that share rows with it; empty if `destination` is undefined. */
export async function relatedDestinations(db: Queryable, destination: number | undefined): Promise<number[]> {
  if (destination === undefined) return []
  const { rows } = await db.query(`${related} SELECT DISTINCT id FROM related`, [destination])
  return rows.map((row) => row.id as number)
}
