// Loads records with the PostgresLoader the way the engine does: plan once, a transaction per batch, publish at the end.
import type pg from 'pg'
import { afterAll } from 'vitest'
import type { Field, Schema } from '../../crds/fields.ts'
import type { PostgresDestination } from '../../crds/pipeline.ts'
import { openConnection, transactionOver } from '../../runner/loaders/postgres/connection.ts'
import { type LoadOptions, type LoadPlan, PostgresLoader, type PublishCounts, type PublishOptions } from '../../runner/loaders/postgres/loader.ts'
import type { LoadCounts, RunContext, Transaction, TypedRecord } from '../../sdk/index.ts'

export type Row = TypedRecord & { pos: number }

export type LoadingRun = {
  context: RunContext
  plan: LoadPlan
  warnings: string[]
  /** One batch, one transaction. */
  load(rows: Row[], options?: Omit<LoadOptions, 'plan'>): Promise<LoadCounts>
  publish(options?: Omit<PublishOptions, 'plan'>): Promise<PublishCounts>
}

export const orderSchema: Schema = {
  primaryKey: ['id'],
  fields: [
    { name: 'id', type: 'integer' },
    { name: 'name', type: 'text', nullable: true },
  ],
}

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
  const more = { pipeline: 'test', createdAt: new Date(0), params: {}, interval: undefined, folder: '.', batchSize: 1000 }
  const context: RunContext = { id, name: `run-${id}`, ...more, signal: new AbortController().signal, warn }
  const loader = new PostgresLoader({ destination, schema })
  const plan = JSON.parse(JSON.stringify(await inTransaction(client, (transaction) => loader.prepare(context, transaction)))) as LoadPlan
  return { context, warnings, plan, ...operations(client, loader, context, plan) }
}

/** The same run on another connection, as another worker has it. */
export function joinRun(client: pg.ClientBase, run: LoadingRun, destination: PostgresDestination, schema: Schema = orderSchema): LoadingRun {
  return { ...run, ...operations(client, new PostgresLoader({ destination, schema }), run.context, run.plan) }
}

function operations(client: pg.ClientBase, loader: PostgresLoader, context: RunContext, plan: LoadPlan): Pick<LoadingRun, 'load' | 'publish'> {
  return {
    load: (rows, options) => inTransaction(client, (transaction) => loader.load(batchOf(rows), transaction, context, { plan, ...options })),
    publish: (options) => inTransaction(client, (transaction) => loader.publishPlanned(context, transaction, { plan, ...options })),
  }
}

function batchOf(rows: Row[]) {
  return { size: rows.length, record: (index: number) => rows[index] as TypedRecord, recordOrder: (index: number) => BigInt((rows[index] as Row).pos) }
}

export function field(name: string, type: Field['type'], more: Partial<Field> = {}): Field {
  return { name, type, ...more }
}
