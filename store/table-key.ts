// Parses table names as written in pipelines, and looks up primary keys. Called by the store and the CLI.
import { HeadgateError } from '../sdk/index.ts'
import type { Queryable } from './queryable.ts'

/** `table` is schema.table, or a table in schema public. */
export function tableOf(table: string): { schema: string; name: string } {
  const dot = table.indexOf('.')
  return dot < 0 ? { schema: 'public', name: table } : { schema: table.slice(0, dot), name: table.slice(dot + 1) }
}

/** Columns of the primary key in key order; empty if there is none. `table` is schema.table or a table in schema public. Throws TableNotFound. */
export async function primaryKeyColumns(db: Queryable, table: string): Promise<string[]> {
  const { schema, name } = tableOf(table)
  const { rows } = await db.query(
    `SELECT coalesce(array_agg(attribute.attname::text ORDER BY place.ordinality) FILTER (WHERE attribute.attname IS NOT NULL), '{}') AS columns
    FROM pg_class AS class JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    LEFT JOIN pg_index AS index ON index.indrelid = class.oid AND index.indisprimary
    LEFT JOIN LATERAL unnest(index.indkey) WITH ORDINALITY AS place (attnum, ordinality) ON true
    LEFT JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum = place.attnum
    WHERE namespace.nspname = $1 AND class.relname = $2 GROUP BY class.oid`,
    [schema, name],
  )
  if (rows[0] === undefined) throw new HeadgateError('TableNotFound', `there is no table ${schema}.${name}; write the name as schema.table`)
  return rows[0].columns as string[]
}
