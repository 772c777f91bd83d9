// preparePlan: creates or checks the destination and decides the route. Runs once, while the run is planned, under a lock.
import type { Schema } from '../../../../crds/fields.ts'
import type { PostgresDestination } from '../../../../crds/pipeline.ts'
import { HeadgateError, type RunContext, type Transaction } from '../../../../sdk/index.ts'
import type { DestinationColumn } from '../../../copy/encoded-rows.ts'
import { findKey, isEmpty, isOver, readTable, type Table } from '../introspect.ts'
import { batchTable, display, newStagingTable, parseTable, quote, relation, stagingSchema, type TableName } from '../names.ts'
import type { LoadPlan, Route } from '../plan.ts'
import { stagingTables } from '../staging.ts'
import { checkColumns } from './compatible.ts'
import { addColumnStatement, createdKey, createStatement, type DeclaredColumn, declaredColumns, managedColumns } from './create.ts'
import { refuseReserved } from './reserved.ts'

export type PrepareOptions = { destination: PostgresDestination; schema: Schema }

/** Safe to repeat. Throws DestinationDenied, DestinationMissing, DestinationMismatch, InvalidPipeline. */
export async function preparePlan({ destination, schema }: PrepareOptions, run: RunContext, tx: Transaction): Promise<LoadPlan> {
  const mode = destination.mode ?? 'Upsert'
  if ((mode === 'Upsert' || mode === 'Snapshot') && schema.primaryKey === undefined) {
    throw new HeadgateError('InvalidPipeline', `mode ${mode} needs a key to find rows by; declare schema.primaryKey, or choose Append or Replace`)
  }
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('headgate destination', 0))`)
  const name = parseTable(destination.table)
  await refuseReserved(tx, name)
  const found = await readTable(tx, name)
  if (found === undefined) await checkMayCreate({ destination, schema }, tx, name)
  const table = found === undefined ? undefined : await checkTable({ destination, schema }, tx, name, found)
  const route = chooseRoute(destination, table !== undefined)
  const staging =
    route === 'build' || route === 'staged' ? await makeStaging({ destination, schema }, tx, run.id, table === undefined ? undefined : name) : null
  return {
    route,
    mode,
    destination: name,
    staging,
    stage: batchTable(run.id),
    partitioned: table?.kind === 'p',
    insertOnly: table?.rowSecurity === true,
    empty: table === undefined || (route === 'stage' && (await isEmpty(tx, name))),
    key: keyOf({ destination, schema }, name, table),
    version: schema.versionField ?? null,
    onMissing: mode === 'Snapshot' ? (destination.onMissing ?? 'Delete') : null,
    columns: await writtenColumns(tx, staging ?? name, schema),
  }
}

function chooseRoute(destination: PostgresDestination, exists: boolean): Route {
  const mode = destination.mode ?? 'Upsert'
  if (!exists || mode === 'Replace') return 'build'
  if (mode === 'Snapshot' || destination.publish === 'PerRun') return 'staged'
  return mode === 'Append' ? 'direct' : 'stage'
}

async function checkMayCreate({ destination, schema }: PrepareOptions, tx: Transaction, name: TableName): Promise<void> {
  const columns = [...declaredColumns(schema), ...managedColumns(destination)]
  if (destination.createTable !== true) {
    const statement = createStatement(name, columns, createdKey(schema, destination))
    throw new HeadgateError('DestinationMissing', `there is no table ${display(name)}; set createTable: true in the destination, or create it:\n${statement};`)
  }
  await createSchema(tx, name.schema)
}

async function createSchema(tx: Transaction, schema: string): Promise<void> {
  const { rows } = await tx.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema])
  if (rows.length === 0) await tx.query(`CREATE SCHEMA ${quote(schema)}`)
}

/** Checks an existing table, after adding missing columns if `createTable` allows it. */
async function checkTable({ destination, schema }: PrepareOptions, tx: Transaction, name: TableName, found: Table): Promise<Table> {
  const written = declaredColumns(schema)
  const wanted = [...written, ...managedColumns(destination)]
  const present = new Set(found.columns.map((column) => column.name))
  const missing = wanted.filter((column) => !present.has(column.name))
  if (missing.length > 0) await addColumns(destination, tx, name, missing)
  const table = missing.length === 0 ? found : ((await readTable(tx, name)) ?? found)
  checkColumns(name, table, written)
  return table
}

async function addColumns(destination: PostgresDestination, tx: Transaction, name: TableName, missing: DeclaredColumn[]): Promise<void> {
  const statements = missing.map((column) => addColumnStatement(name, column))
  if (destination.createTable !== true) {
    const names = missing.map((column) => column.name).join(', ')
    throw new HeadgateError(
      'DestinationMissing',
      `${display(name)} lacks ${names}; set createTable: true in the destination, or add them:\n${statements.join(';\n')};`,
    )
  }
  for (const statement of statements) await tx.query(statement)
}

/** The key by which rows are found, in the order of its index. Upsert and Snapshot require one. */
function keyOf({ destination, schema }: PrepareOptions, name: TableName, table: Table | undefined): string[] {
  const declared = createdKey(schema, destination)
  if (table === undefined || declared.length === 0) return declared
  const key = findKey(table, declared)
  if (key === undefined && destination.mode !== 'Replace') {
    throw new HeadgateError(
      'DestinationMismatch',
      `${display(name)} has no primary key or unique constraint on exactly (${declared.join(', ')}), which mode ${destination.mode ?? 'Upsert'} finds rows by${whyNot(table, declared)}; add one:\n` +
        `ALTER TABLE ${relation(name)} ADD UNIQUE (${declared.map(quote).join(', ')});`,
    )
  }
  return key?.columns ?? declared
}

/** Why a unique index over the columns cannot serve as the key, if there is such an index. */
function whyNot(table: Table, columns: readonly string[]): string {
  const near = table.unusableKeys.find((key) => isOver(key, columns))
  return near === undefined ? '' : ` (${near.name} ${near.why})`
}

/** Creates the run's staging table if it does not exist: like the destination, or as the schema declares it if there is none. It has no key yet. */
async function makeStaging({ destination, schema }: PrepareOptions, tx: Transaction, run: number, like: TableName | undefined): Promise<TableName> {
  await createSchema(tx, stagingSchema)
  const made = (await stagingTables(tx)).find((table) => table.run === run && table.own)
  if (made !== undefined) return { schema: made.schema, name: made.name }
  const staging = newStagingTable(run)
  if (like === undefined) {
    await tx.query(createStatement(staging, [...declaredColumns(schema), ...managedColumns(destination)], []))
    return staging
  }
  const copied = 'INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS INCLUDING STORAGE INCLUDING COMPRESSION'
  await tx.query(`CREATE TABLE ${relation(staging)} (LIKE ${relation(like)} ${copied})`)
  await takeNulls(tx, staging, like)
  return staging
}

/** Columns that the database fills in the destination stay null in the staging table. */
async function takeNulls(tx: Transaction, staging: TableName, like: TableName): Promise<void> {
  const columns = (await readTable(tx, like))?.columns ?? []
  const own = columns.filter(({ notNull, generated, identity }) => notNull && (generated || identity !== null))
  for (const { name } of own) await tx.query(`ALTER TABLE ${relation(staging)} ALTER COLUMN ${quote(name)} DROP NOT NULL`)
}

async function writtenColumns(tx: Transaction, name: TableName, schema: Schema): Promise<DestinationColumn[]> {
  const table = await readTable(tx, name)
  const present = new Map(table?.columns.map((column) => [column.name, column]))
  return declaredColumns(schema).map((declared) => {
    const column = present.get(declared.name)
    if (column === undefined) throw new HeadgateError('Internal', `${display(name)} has no column ${declared.name} after it was made`)
    const { name: columnName, type, formatted, modifier, notNull, equalsByBytes, labels } = column
    return { name: columnName, type, formatted, modifier, notNull, equalsByBytes, labels }
  })
}
