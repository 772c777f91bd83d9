// Trace: finds the run, input, record and batch that a destination row came from. Called by the CLI.
import pg from 'pg'
import { HeadgateError } from '../sdk/index.ts'
import { placeOf } from '../sdk/record-order.ts'
import { entriesByKey, type QuarantineEntry } from './quarantine-queries.ts'
import { type Queryable, type Row, wholeNumber } from './queryable.ts'
import { tableOf } from './table-key.ts'

export type Trace = {
  /** The row as JSON without `_run` and `_pos`; numbers that JavaScript cannot hold exactly are strings. Undefined if there is no such row. */
  row: Record<string, unknown> | undefined
  /** Where the row's last change came from; undefined if there is no row or Headgate did not write it. */
  origin: RowOrigin | undefined
  /** Rejected records with the same key, latest first, at most 100. */
  quarantine: QuarantineEntry[]
}

export type RowOrigin = {
  runId: number
  /** Ordinal of the input; `order` is the record's order within it. */
  input: number
  order: number
  /** `run`, `inputName` and `batch` are undefined once retention has deleted the run. */
  run: { name: string; pipeline: string; state: string; startedAt: Date | undefined } | undefined
  inputName: string | undefined
  batch: { slice: number; ordinal: number; committedAt: Date } | undefined
}

/**
 * `table` is schema.table, or a table in schema public; `key` holds the values of the key columns as text. Throws TableNotFound,
 * NotTraceable or InvalidKey.
 */
export async function traceKey(db: Queryable, options: { table: string; key: Record<string, string> }): Promise<Trace> {
  const { schema, name } = tableOf(options.table)
  const found = await findRow(db, schema, name, options.key)
  const keys = found === undefined ? [options.key] : [options.key, found.key]
  const quarantine = await entriesByKey(db, { tables: tableNames(options.table), keys })
  const place = found?.place
  return { row: found?.row, origin: place === undefined ? undefined : await originOf(db, place), quarantine }
}

/** The spellings of the table's name that a pipeline may use. */
export function tableNames(table: string): string[] {
  const { schema, name } = tableOf(table)
  return schema === 'public' ? [name, `public.${name}`] : [`${schema}.${name}`]
}

type Place = { run: number; input: number; order: number }

async function findRow(db: Queryable, schema: string, name: string, key: Record<string, string>) {
  const columns = Object.keys(key)
  const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`
  const where = columns.map((column, index) => `${pg.escapeIdentifier(column)} = $${index + 1}`).join(' AND ')
  const texts = columns.map((column) => `${pg.escapeIdentifier(column)}::text`).join(', ')
  try {
    const { rows } = await db.query(
      `SELECT to_jsonb(found)::text AS row, ARRAY[${texts}] AS key, _run, _pos::text AS pos FROM ${table} AS found WHERE ${where} LIMIT 1`,
      Object.values(key),
    )
    return rows[0] === undefined ? undefined : foundRow(rows[0], columns)
  } catch (error) {
    throw explained(error, options(schema, name, columns))
  }
}

function options(schema: string, name: string, columns: string[]): string {
  return `${schema}.${name} by ${columns.join(', ')}`
}

function foundRow(row: Row, columns: string[]): { row: Record<string, unknown>; key: Record<string, string>; place: Place | undefined } {
  const { _run, _pos, ...data } = exactJson(row.row as string)
  const key = Object.fromEntries(columns.map((column, index) => [column, (row.key as string[])[index] as string]))
  if (row._run === null || row.pos === null) return { row: data, key, place: undefined }
  return { row: data, key, place: { run: wholeNumber(row._run), ...placeOf(row.pos as string) } }
}

function exactJson(text: string): Record<string, unknown> {
  const keepDigits = (_: string, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined && String(value) !== context.source ? context.source : value
  return JSON.parse(text, keepDigits) as Record<string, unknown>
}

async function originOf(db: Queryable, place: Place): Promise<RowOrigin> {
  const runs = await db.query('SELECT name, pipeline, state, started_at FROM headgate.run WHERE id = $1', [place.run])
  const batches = await db.query(
    `SELECT slice, ordinal, committed_at FROM headgate.batch
    WHERE run = $1 AND first_order IS NOT NULL AND (input, first_order) <= ($2, $3) AND (coalesce(last_input, input), last_order) >= ($2, $3) LIMIT 1`,
    [place.run, place.input, place.order],
  )
  const inputs = await db.query(
    `SELECT coalesce(inputs[$2 - input + 1], name) AS name FROM headgate.slice
    WHERE run = $1 AND kind = 'read' AND input <= $2 AND $2 < input + coalesce(cardinality(inputs), 1) ORDER BY ordinal LIMIT 1`,
    [place.run, place.input],
  )
  const run = runs.rows[0]
  const batch = batches.rows[0]
  return {
    runId: place.run,
    input: place.input,
    order: place.order,
    run: run && {
      name: run.name as string,
      pipeline: run.pipeline as string,
      state: run.state as string,
      startedAt: (run.started_at as Date | null) ?? undefined,
    },
    inputName: inputs.rows[0]?.name as string | undefined,
    batch: batch && { slice: batch.slice as number, ordinal: batch.ordinal as number, committedAt: batch.committed_at as Date },
  }
}

/** Translates PostgreSQL's error about the table, a column or a value; any other error is returned unchanged. */
function explained(error: unknown, what: string): unknown {
  const code = (error as { code?: string }).code ?? ''
  const message = (error as Error).message
  if (code === '42P01' || code === '3F000') return new HeadgateError('TableNotFound', `cannot trace ${what}: the table does not exist`, { cause: error })
  if (code === '42703')
    return new HeadgateError('NotTraceable', `cannot trace ${what}: ${message}; only tables that Headgate loads can be traced`, { cause: error })
  if (code.startsWith('22')) return new HeadgateError('InvalidKey', `cannot trace ${what}: ${message}`, { cause: error })
  return error
}
