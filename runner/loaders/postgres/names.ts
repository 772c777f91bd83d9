// Names in SQL: every identifier of this loader is quoted here, and every table it makes for itself is named here.
import { randomBytes } from 'node:crypto'
import pg from 'pg'

export const quote = pg.escapeIdentifier

/** A table by schema and name, unquoted. */
export type TableName = { schema: string; name: string }

/** Schema of the tables that hold a run's rows before they are published. */
export const stagingSchema = 'headgate_stage'

/** Reads `schema.table`; without a schema it is public. */
export function parseTable(table: string): TableName {
  const dot = table.indexOf('.')
  return dot < 0 ? { schema: 'public', name: table } : { schema: table.slice(0, dot), name: table.slice(dot + 1) }
}

/** The quoted name, ready for SQL. */
export function relation(table: TableName): string {
  return `${quote(table.schema)}.${quote(table.name)}`
}

/** For messages. */
export function display(table: TableName): string {
  return `${table.schema}.${table.name}`
}

/** A name for the run's staging table. Random, so that another role cannot make a table of that name first. */
export function newStagingTable(run: number): TableName {
  return { schema: stagingSchema, name: `run_${run}_${randomBytes(8).toString('hex')}` }
}

/** The run of a staging table, undefined if the table is none. Older versions left out the random part. */
export function runOfStagingTable(name: string): number | undefined {
  const match = /^run_([0-9]{1,15})(_[0-9a-f]{16})?$/.exec(name)
  return match === null ? undefined : Number(match[1])
}

/** Name of the temporary table, one per connection and run, that batches go through. */
export function batchTable(run: number): string {
  return `headgate_batch_${run}`
}

export function list(columns: readonly string[], prefix = ''): string {
  return columns.map((column) => prefix + quote(column)).join(', ')
}
