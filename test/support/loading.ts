// Loads records with the PostgresLoader the way the engine does: plan once, a transaction per batch, publish at the end.
import type pg from 'pg'
import { afterAll } from 'vitest'
import type { Field, Schema } from '../../crds/fields.ts'
import type { PostgresDestination } from '../../crds/pipeline.ts'
import type { LoadedRows } from '../../runner/loaders/capabilities.ts'
import type { StageOptions } from '../../runner/loaders/postgres/batch/stage.ts'
import { PostgresLoader } from '../../runner/loaders/postgres/loader.ts'
import type { LoadPlan } from '../../runner/loaders/postgres/plan.ts'
import { sampleRun } from '../../sdk/conformance/index.ts'
import type { Publication, PublishCounts, RunContext, Transaction, TypedRecord } from '../../sdk/index.ts'
import { openConnection, transactionOver } from '../../store/connection.ts'

export type Row = TypedRecord & { pos: number }

export type LoadingRun = {
  context: RunContext
  plan: LoadPlan
  warnings: string[]
  /** One batch, one transaction. */
  load(rows: Row[], options?: Partial<StageOptions>): Promise<LoadedRows>
  publish(options?: Partial<Publication>): Promise<PublishCounts>
}

export const orderSchema: Schema = {
  primaryKey: ['id'],
  fields: [
    { name: 'id', type: 'integer' },
    { name: 'name', type: 'text', nullable: true },
  ],
}

/** No other run, and no record was rejected. */
const alone: Publication = { async *rejectedKeys() {}, olderRunOpen: false, newerRun: undefined, maxRemovedRatio: 1 }

let lastRun = 0

export async function connect(url: string): Promise<{ client: pg.Client; transaction: Transaction }> {
  const client = await openConnection(url, { applicationName: 'headgate test' })
  afterAll(() => client.end())
  return { client, transaction: transactionOver(client) }
}

export async function inTransaction<Result>(client: pg.ClientBase, work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
  await client.query('BEGIN')
  try {
    const result = await work(transactionOver(client))
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

/** Plans a run, with the next run number. */
export async function startRun(client: pg.ClientBase, destination: PostgresDestination, schema: Schema = orderSchema): Promise<LoadingRun> {
  const id = ++lastRun
  const warnings: string[] = []
  const warn = (code: string) => warnings.push(code)
  const context = sampleRun({ id, name: `run-${id}`, pipeline: 'test', folder: '.', warn })
  const loader = new PostgresLoader({ destination, schema })
  const plan = JSON.parse(JSON.stringify(await inTransaction(client, (transaction) => loader.prepare(context, transaction, { keptFields: [] })))) as LoadPlan
  return { context, warnings, plan, ...operations(client, loader, context, plan) }
}

/** The same run on another connection, as another worker has it. */
export function joinRun(client: pg.ClientBase, run: LoadingRun, destination: PostgresDestination, schema: Schema = orderSchema): LoadingRun {
  return { ...run, ...operations(client, new PostgresLoader({ destination, schema }), run.context, run.plan) }
}

function operations(client: pg.ClientBase, loader: PostgresLoader, context: RunContext, plan: LoadPlan): Pick<LoadingRun, 'load' | 'publish'> {
  return {
    load: (rows, options) => inTransaction(client, (transaction) => loader.load(batchOf(rows), transaction, context, plan, options)),
    publish: (options) => inTransaction(client, (transaction) => loader.publish(context, transaction, plan, { ...alone, ...options })),
  }
}

function batchOf(rows: Row[]) {
  return { size: rows.length, record: (index: number) => rows[index] as TypedRecord, recordOrder: (index: number) => BigInt((rows[index] as Row).pos) }
}

export function field(name: string, type: Field['type'], more: Partial<Field> = {}): Field {
  return { name, type, ...more }
}
