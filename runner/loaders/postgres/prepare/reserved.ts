// Denies pipelines access to Headgate's and PostgreSQL's own tables, by name and through tables that share rows with them. Called for destinations and references.
import { isReservedSchema, ownSchemas, reservedSchemas } from '../../../../crds/reserved-schemas.ts'
import { HeadgateError, type Transaction } from '../../../../sdk/index.ts'
import { display, relation, type TableName } from '../names.ts'

/**
 * Tables that a relation shares rows with: partitions, children, parents, and those that its view or its rules name. Functions and
 * triggers are not followed.
 */
const relatedQuery = `
  WITH RECURSIVE related (oid) AS (
    SELECT to_regclass($1)::oid
    UNION
    SELECT next.oid FROM related CROSS JOIN LATERAL (
      SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = related.oid
      UNION ALL
      SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = related.oid
      UNION ALL
      SELECT d.refobjid FROM pg_catalog.pg_rewrite r
        JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
       WHERE r.ev_class = related.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass
    ) AS next (oid)
  )
  SELECT n.nspname AS schema, c.relname AS name
    FROM related JOIN pg_catalog.pg_class c ON c.oid = related.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($2::text[])
   ORDER BY 1, 2 LIMIT 1`

/** Why the table's name is reserved; undefined if it is not. */
export function reservedByName(table: TableName): string | undefined {
  if (!isReservedSchema(table.schema)) return undefined
  return `schema ${table.schema} is reserved, as are ${reservedSchemas} in any case; name a table of another schema`
}

/** Why the table is reserved by its name or by a table of Headgate's that it shares rows with; undefined if it is not. */
export async function reservedReason(tx: Pick<Transaction, 'query'>, table: TableName): Promise<string | undefined> {
  const byName = reservedByName(table)
  if (byName !== undefined) return byName
  const own = (await tx.query(relatedQuery, [relation(table), ownSchemas])).rows[0] as TableName | undefined
  if (own === undefined) return undefined
  return `it shares rows with ${display(own)}, by inheritance, a partition, a view or a rule, and that table is Headgate’s own; name another table`
}

/** Throws DestinationDenied. */
export function refuseReservedName(table: TableName): void {
  const reason = reservedByName(table)
  if (reason !== undefined) throw denied(table, reason)
}

/** Throws DestinationDenied. */
export async function refuseReserved(tx: Transaction, table: TableName): Promise<void> {
  const reason = await reservedReason(tx, table)
  if (reason !== undefined) throw denied(table, reason)
}

function denied(table: TableName, reason: string): HeadgateError {
  return new HeadgateError('DestinationDenied', `${display(table)} cannot be a destination: ${reason}`)
}
