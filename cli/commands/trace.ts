// headgate trace TABLE KEY
import { HeadgateError } from '../../sdk/index.ts'
import { pipelinesOfTables, sensitiveFields } from '../../store/sensitive-fields.ts'
import { primaryKeyColumns } from '../../store/table-key.ts'
import { type Trace, tableNames, traceKey } from '../../store/trace.ts'
import { exitCodes } from '../exit-codes.ts'
import { json, styled, type Terminal, table } from '../output.ts'
import { type Hidden, maskedEntries, maskedRecord } from '../sensitive.ts'
import { type OpenStore, openStore } from './store.ts'

/** Prints the origin of a row: run, input, place in the input, and rejected records with the same key. */
export async function traceCommand(tableName: string, keys: string[], options: { database?: string }, terminal: Terminal): Promise<number> {
  const store = await openStore(options.database)
  try {
    const columns = await primaryKeyColumns(store.session, tableName)
    const trace = await withoutSecrets(store, tableName, await traceKey(store.session, { table: tableName, key: keyOf(tableName, columns, keys) }))
    terminal.write(terminal.form === 'json' ? json(trace) : story(trace, terminal))
    return trace.row === undefined && trace.quarantine.length === 0 ? exitCodes.failed : exitCodes.ok
  } finally {
    await store.close()
  }
}

async function withoutSecrets({ session }: OpenStore, table: string, trace: Trace): Promise<Trace> {
  const row = trace.row && maskedRecord(trace.row, await hiddenInRow(session, table, trace))
  return { ...trace, row, quarantine: await maskedEntries(session, trace.quarantine) }
}

/** What any pipeline that loads the table has declared sensitive since the row was written; everything if none is known. */
async function hiddenInRow(session: OpenStore['session'], table: string, { origin }: Trace): Promise<Hidden> {
  const pipelines = new Set([...(await pipelinesOfTables(session, tableNames(table))), ...(origin?.run === undefined ? [] : [origin.run.pipeline])])
  if (pipelines.size === 0) return new Set(['*'])
  const fields = await sensitiveFields(session, [...pipelines])
  return new Set([...pipelines].flatMap((pipeline) => [...fields.since(pipeline, origin?.runId ?? 0)]))
}

/** Keys are given in the order of the primary key's columns, or as column=value. */
function keyOf(tableName: string, columns: readonly string[], keys: readonly string[]): Record<string, string> {
  if (keys.length > 0 && keys.every((key) => columns.includes(key.slice(0, key.indexOf('='))))) {
    return Object.fromEntries(keys.map((key) => [key.slice(0, key.indexOf('=')), key.slice(key.indexOf('=') + 1)]))
  }
  if (keys.length === columns.length && columns.length > 0) return Object.fromEntries(columns.map((column, place) => [column, keys[place] as string]))
  const wanted =
    columns.length === 0
      ? 'no primary key: give column=value'
      : `the primary key ${columns.join(', ')}: give ${columns.length} values in this order, or column=value`
  throw new HeadgateError('InvalidKey', `${tableName} has ${wanted}`)
}

function story(trace: Trace, terminal: Terminal): string {
  const heading = (text: string) => styled(terminal, 'bold', `${text}\n`)
  const parts: string[] = []
  if (trace.row === undefined) parts.push('There is no such row.\n')
  else parts.push(heading('Row'), json(trace.row))
  if (trace.origin !== undefined) {
    const { run, runId, inputName, order, batch } = trace.origin
    parts.push(heading('Came from'))
    parts.push(
      `run      ${run === undefined ? `${runId} (no longer kept)` : `${run.name} of ${run.pipeline}, ${run.state}, started ${run.startedAt?.toISOString() ?? 'never'}`}\n`,
    )
    parts.push(`input    ${inputName ?? trace.origin.input}, offset ${order}\n`)
    if (batch !== undefined) parts.push(`batch    ${batch.ordinal} of slice ${batch.slice}, committed ${batch.committedAt.toISOString()}\n`)
  }
  if (trace.quarantine.length > 0) {
    parts.push(heading('Rejected under this key'))
    parts.push(
      table(
        ['ID', 'STATE', 'RUN', 'CODES'],
        trace.quarantine.map((entry) => [String(entry.id), entry.state, entry.lastRun, entry.errors.map((error) => error.code).join(', ')]),
      ),
    )
  }
  return parts.join('')
}
