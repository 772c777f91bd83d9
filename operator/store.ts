// The operator's own store, if configured: reads totals and progress of runs, ends runs that have no worker left, and prunes expired rows. A
// pipeline may use another store; the uid shows whether a run is in this one. Opened by main.ts.
import pg from 'pg'
import type { RunRecords, RunSlices, RunTimings } from '../crds/status.ts'
import type { WorkerReport } from '../crds/wire/worker-report.ts'
import type { Counts, Timings } from '../store/counts.ts'
import { runTotals } from '../store/ledger.ts'
import { migrate } from '../store/migrate.ts'
import { pruneQuarantine, pruneRuns } from '../store/retention.ts'
import { runsProgress } from '../store/run-progress.ts'
import { cancelRun, failRun, findRun, type Run } from '../store/runs.ts'
import { ownSearchPath } from '../store/search-path.ts'
import { admitTenant } from '../store/tenants.ts'
import type { ProgressSource, RunStore, StoredRun } from './controllers/controller.ts'
import type { DeclaredTenant, Prepared } from './store-upkeep.ts'

export type OperatorStore = RunStore &
  ProgressSource & {
    /** Migrates the store and admits missing tenants. Costs two queries when nothing is missing. */
    prepare(tenants: readonly DeclaredTenant[]): Promise<Prepared>
    close(): Promise<void>
  }

const patience = { connectionTimeoutMillis: 5_000, query_timeout: 20_000, statement_timeout: 15_000, idleTimeoutMillis: 30_000 }

/** Connects at the first query. `onProblem` is called when an idle connection breaks. */
export function openStore(url: string, onProblem: (error: Error) => void): OperatorStore {
  // The pool awaits this before it returns the connection.
  const onConnect = (client: pg.ClientBase) => client.query(ownSearchPath)
  const pool = new pg.Pool({ connectionString: url, application_name: 'headgate operator', max: 4, onConnect, ...patience })
  pool.on('error', onProblem)
  return {
    findTotals: (run) => findTotals(pool, run),
    end: (run, state, failure) => end(pool, run, state, failure),
    read: (runs) => progressOf(pool, runs),
    prepare: async (tenants) => ({ applied: await migrate(url), admitted: await admitMissing(pool, tenants) }),
    prune: async (pipeline, before) => ({
      runs: await pruneRuns(pool, { pipeline, before: before.runs }),
      quarantine: await pruneQuarantine(pool, { pipeline, before: before.quarantine }),
    }),
    close: () => pool.end(),
  }
}

/** Returns the admitted roles. They may create schemas, so that the chart's database needs no preparation. */
async function admitMissing(pool: pg.Pool, tenants: readonly DeclaredTenant[]): Promise<string[]> {
  if (tenants.length === 0) return []
  const { rows } = await pool.query<{ role: string; namespace: string }>('SELECT role, namespace FROM headgate.tenant')
  const missing = tenants.filter(({ role, namespace }) => !rows.some((row) => row.role === role && row.namespace === namespace))
  for (const tenant of missing) await inTransaction(pool, (tx) => admitTenant(tx, { ...tenant, schemas: [], createSchemas: true }))
  return missing.map(({ role }) => role)
}

async function inTransaction(pool: pg.Pool, work: (tx: pg.PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await work(client)
    await client.query('COMMIT')
    client.release()
  } catch (error) {
    client.release(true)
    throw error
  }
}

async function findOurs(pool: pg.Pool, { name, uid }: StoredRun): Promise<Run | undefined> {
  const run = await findRun(pool, name)
  return run?.uid === uid ? run : undefined
}

async function findTotals(pool: pg.Pool, stored: StoredRun): Promise<WorkerReport | undefined> {
  const run = await findOurs(pool, stored)
  if (run === undefined) return undefined
  const { counts, timings } = run.state === 'Running' ? await runTotals(pool, run.id) : run
  const slices = (await runsProgress(pool, [run.name])).get(run.name)?.slices ?? { total: 0, done: 0 }
  const seconds = run.startedAt === undefined ? 0 : ((run.finishedAt ?? new Date()).getTime() - run.startedAt.getTime()) / 1000
  return {
    state: run.state,
    records: counts,
    slices,
    timings: milliseconds(timings),
    ...(seconds > 0 && { throughput: Math.round(counts.read / seconds) }),
    ...(run.failure !== undefined && { failure: failureOf(run.failure) }),
  }
}

function failureOf({ code, message, retryable, slice, position }: Run['failure'] & object): WorkerReport['failure'] & object {
  return { code, message, retryable, ...(slice !== undefined && { slice }), ...(position !== undefined && { position: JSON.stringify(position) }) }
}

function milliseconds({ extract, validate, transform, load }: Timings): RunTimings {
  return { extractMs: Math.round(extract), validateMs: Math.round(validate), transformMs: Math.round(transform), loadMs: Math.round(load) }
}

async function end(pool: pg.Pool, stored: StoredRun, ...[state, failure]: [Parameters<RunStore['end']>[1], Parameters<RunStore['end']>[2]]): Promise<void> {
  const run = await findOurs(pool, stored)
  if (run === undefined) return
  if (state === 'Cancelled') await cancelRun(pool, run.id)
  else {
    const { code, message, retryable = false } = failure ?? { code: 'Internal', message: 'the run failed without a recorded reason' }
    await failRun(pool, run.id, { code, message, retryable })
  }
}

async function progressOf(pool: pg.Pool, runs: readonly string[]): Promise<Map<string, { records: RunRecords; slices: RunSlices }>> {
  const found = await runsProgress(pool, runs)
  const records = (counts: Counts): RunRecords => counts
  return new Map([...found].map(([name, { counts, slices }]) => [name, { records: records(counts), slices }]))
}
