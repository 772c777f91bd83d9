// Describes the destination: columns, keys, whether it has rows. Read from the catalogue when a run is planned.
import type { Transaction } from '../../../sdk/index.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { relation, type TableName } from './names.ts'

export type TableColumn = DestinationColumn & {
  hasDefault: boolean
  /** Computed by the database: cannot be written. */
  generated: boolean
  identity: 'always' | 'byDefault' | null
}

export type TableKey = { name: string; columns: string[]; primary: boolean }

export type Table = {
  oid: number
  /** pg_class.relkind: r table, p partitioned, v view, f foreign … */
  kind: string
  columns: TableColumn[]
  /** Unique keys over all rows, without nullable columns. ON CONFLICT can name them. */
  keys: TableKey[]
  /** Unique indexes that cannot serve as a key, and why. */
  unusableKeys: (TableKey & { why: string })[]
  /** Names of rules that rewrite INSERT, UPDATE or DELETE. */
  rules: string[]
  /** Whether row-level security policies apply to the current user. */
  rowSecurity: boolean
}

const tableQuery = `
  SELECT c.oid::int8 AS oid, c.relkind::text AS kind, row_security_active(c.oid) AS "rowSecurity",
         (SELECT coalesce(json_agg(r.rulename ORDER BY r.rulename), '[]') FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1') AS rules
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`

// A domain may be based on a domain; the last of the chain is the stored type.
const columnsQuery = `
  SELECT a.attname AS name, base.typname::text AS type, CASE WHEN pg_type_is_visible(own.oid) AND own.typnamespace <> 'pg_catalog'::regnamespace
              THEN quote_ident((SELECT nspname FROM pg_namespace WHERE oid = own.typnamespace)) || '.' ELSE '' END || format_type(a.atttypid, a.atttypmod) AS formatted, base.modifier,
         a.attnotnull OR base.not_null AS "notNull", a.atthasdef AS "hasDefault", a.attgenerated <> '' AS generated,
         CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'byDefault' END AS identity,
         base.typname IN ('int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'bool', 'date', 'time', 'timestamp', 'timestamptz', 'uuid')
           OR (base.typname IN ('text', 'varchar') AND coll.collisdeterministic) AS "equalsByBytes",
         (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = base.oid) AS labels
    FROM pg_attribute a
    JOIN pg_type own ON own.oid = a.atttypid
    LEFT JOIN pg_collation coll ON coll.oid = a.attcollation
    CROSS JOIN LATERAL (
      WITH RECURSIVE chain AS (
        SELECT 0 AS depth, t.oid, t.typname, t.typbasetype, t.typtypmod, t.typnotnull AS not_null, a.atttypmod AS modifier FROM pg_type t WHERE t.oid = a.atttypid
        UNION ALL
        SELECT depth + 1, t.oid, t.typname, t.typbasetype, t.typtypmod, chain.not_null OR t.typnotnull, chain.typtypmod FROM chain JOIN pg_type t ON t.oid = chain.typbasetype)
      SELECT * FROM chain ORDER BY depth DESC LIMIT 1) base
   WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attnum`

const keysQuery = `
  SELECT ic.relname AS name, i.indisprimary AS "primary",
         (SELECT json_agg(a.attname ORDER BY k.ordinality)
            FROM unnest(i.indkey) WITH ORDINALITY k (attnum, ordinality)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
           WHERE k.ordinality <= i.indnkeyatts) AS columns,
         CASE WHEN NOT i.indimmediate THEN 'is deferrable' WHEN NOT i.indisvalid THEN 'is not valid' WHEN i.indpred IS NOT NULL THEN 'holds for some rows only (WHERE)'
              WHEN i.indexprs IS NOT NULL THEN 'is on an expression' END AS why
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid
   WHERE i.indrelid = $1 AND i.indisunique
   ORDER BY i.indisprimary DESC, ic.relname`

/** Describes the table; undefined if it does not exist. */
export async function readTable(tx: Transaction, table: TableName): Promise<Table | undefined> {
  const found = (await tx.query(tableQuery, [table.schema, table.name])).rows[0]
  if (found === undefined) return undefined
  const columns = await tx.query(columnsQuery, [found.oid])
  const indexes = (await tx.query(keysQuery, [found.oid])).rows as (TableKey & { why: string | null })[]
  return {
    oid: Number(found.oid),
    kind: found.kind as string,
    columns: columns.rows as TableColumn[],
    keys: indexes.filter(({ why }) => why === null),
    unusableKeys: indexes.flatMap((index) => (index.why === null ? [] : [{ ...index, why: index.why }])),
    rules: found.rules as string[],
    rowSecurity: found.rowSecurity === true,
  }
}

export async function isEmpty(tx: Transaction, table: TableName): Promise<boolean> {
  return (await tx.query(`SELECT NOT EXISTS (SELECT FROM ${relation(table)}) AS empty`)).rows[0]?.empty === true
}

/** The unique key over exactly these columns, in any order. */
export function findKey(table: Table, columns: readonly string[]): TableKey | undefined {
  return table.keys.find((key) => isOver(key, columns))
}

/** Whether the key is over exactly these columns, in any order. */
export function isOver(key: TableKey, columns: readonly string[]): boolean {
  return [...(key.columns ?? [])].sort().join('\0') === [...columns].sort().join('\0')
}

/**
 * Collects rough statistics, so that the first queries on a table that was just filled get sensible plans. A tenth of the usual sample
 * takes a tenth of the time; autovacuum collects better ones later.
 */
export async function analyze(tx: Transaction, table: TableName): Promise<void> {
  await tx.query('SET LOCAL default_statistics_target = 10')
  await tx.query(`ANALYZE ${relation(table)}`)
}
