// The table a schema declares: column types, the CREATE TABLE statement, additive changes. Used when a run is planned.
import type { Field, Schema } from '../../../../crds/fields.ts'
import type { PostgresDestination } from '../../../../crds/pipeline.ts'
import { columnType } from '../../../records/column-type.ts'
import { list, quote, relation, type TableName } from '../names.ts'

export type DeclaredColumn = { name: string; type: string; notNull: boolean; field: Field | undefined }

/** Columns that are written, in COPY's order: the declared fields, `_extra` if captured, `_run`, `_pos`. */
export function declaredColumns(schema: Schema): DeclaredColumn[] {
  const key = schema.primaryKey ?? []
  const columns: DeclaredColumn[] = schema.fields.map((field) => ({
    name: field.name,
    type: columnType(field),
    notNull: field.nullable !== true || key.includes(field.name),
    field,
  }))
  if (schema.unknownFields === 'capture') columns.push({ name: '_extra', type: 'jsonb', notNull: false, field: undefined })
  columns.push({ name: '_run', type: 'bigint', notNull: true, field: undefined }, { name: '_pos', type: 'bigint', notNull: true, field: undefined })
  return columns
}

/** Columns that the loader sets outside of COPY. */
export function managedColumns(destination: PostgresDestination): DeclaredColumn[] {
  if (destination.mode !== 'Snapshot' || destination.onMissing !== 'Mark') return []
  return [{ name: '_deleted_at', type: 'timestamp with time zone', notNull: false, field: undefined }]
}

/** The key of a created table; none for Append, which keeps every record. */
export function createdKey(schema: Schema, destination: PostgresDestination): string[] {
  return destination.mode === 'Append' ? [] : [...(schema.primaryKey ?? [])]
}

export function createStatement(table: TableName, columns: readonly DeclaredColumn[], key: readonly string[]): string {
  const lines = columns.map(({ name, type, notNull }) => `${quote(name)} ${type}${notNull ? ' NOT NULL' : ''}`)
  if (key.length > 0) lines.push(`PRIMARY KEY (${list(key)})`)
  return `CREATE TABLE ${relation(table)} (\n  ${lines.join(',\n  ')}\n)`
}

/** Adds a nullable column, because the table may have rows. */
export function addColumnStatement(table: TableName, { name, type }: DeclaredColumn): string {
  return `ALTER TABLE ${relation(table)} ADD COLUMN IF NOT EXISTS ${quote(name)} ${type}`
}
