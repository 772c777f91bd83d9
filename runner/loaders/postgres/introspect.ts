// What the destination looks like now: columns, keys, whether it has rows. Read from the catalogue when a run is planned.
import type { Transaction } from '../../../sdk/index.ts'
import type { DestinationColumn } from '../../records/encoded-rows.ts'
import { relation, type TableName } from './names.ts'

export type TableColumn = DestinationColumn & {
  hasDefault: boolean
  /** Generated or identity column: cannot simply be written. */
  generated: boolean
  /** The words of an enum type. */
  labels: string[] | null
}

export type TableKey = { name: string; columns: string[]; primary: boolean }

export type Table = {
  oid: number
  /** pg_class.relkind: r table, p partitioned, v view, f foreign … */
  kind: string
  columns: TableColumn[]
  /** Unique keys that hold for every row and whose columns are never null; ON CONFLICT can name them. */
  keys: TableKey[]
}

const tableQuery = `
  SELECT c.oid::int8 AS oid, c.relkind::text AS kind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`

const columnsQuery = `
  SELECT a.attname AS name, CASE WHEN t.typtype = 'd' THEN bt.typname ELSE t.typname END::text AS type,
         format_type(a.atttypid, a.atttypmod) AS formatted,
         CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
         a.attnotnull OR t.typnotnull AS "notNull", a.atthasdef AS "hasDefault",
         a.attgenerated <> '' OR a.attidentity <> '' AS generated,
         (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid) AS labels
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type bt ON bt.oid = t.typbasetype
   WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attnum`

const keysQuery = `
  SELECT ic.relname AS name, i.indisprimary AS "primary",
         (SELECT json_agg(a.attname ORDER BY k.ordinality)
            FROM unnest(i.indkey) WITH ORDINALITY k (attnum, ordinality)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
           WHERE k.ordinality <= i.indnkeyatts) AS columns
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
   WHERE i.indrelid = $1 AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
   ORDER BY i.indisprimary DESC, ic.relname`

/** Describes the table; undefined if there is none of that name. */
export async function readTable(tx: Transaction, table: TableName): Promise<Table | undefined> {
  const found = (await tx.query(tableQuery, [table.schema, table.name])).rows[0]
  if (found === undefined) return undefined
  const columns = await tx.query(columnsQuery, [found.oid])
  const keys = await tx.query(keysQuery, [found.oid])
  return { oid: Number(found.oid), kind: found.kind as string, columns: columns.rows as TableColumn[], keys: keys.rows as TableKey[] }
}

export async function isEmpty(tx: Transaction, table: TableName): Promise<boolean> {
  return (await tx.query(`SELECT NOT EXISTS (SELECT FROM ${relation(table)}) AS empty`)).rows[0]?.empty === true
}

/** The unique key over exactly these columns, in any order. */
export function findKey(table: Table, columns: readonly string[]): TableKey | undefined {
  const wanted = [...columns].sort().join('\0')
  return table.keys.find((key) => [...key.columns].sort().join('\0') === wanted)
}

/**
 * Rough statistics at once, so that the first queries on a table just filled are planned sensibly; a tenth of the usual
 * sample takes a tenth of the time, and autovacuum makes better ones later.
 */
export async function analyze(tx: Transaction, table: TableName): Promise<void> {
  await tx.query('SET LOCAL default_statistics_target = 10')
  await tx.query(`ANALYZE ${relation(table)}`)
}
