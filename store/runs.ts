// Run history: one row per run, with its totals once it has ended. Called by the engine, the CLI and the operator.
import { createHash } from 'node:crypto'
import type { PipelineSpec } from '../crds/pipeline.ts'
import { HeadgateError, type Position } from '../sdk/index.ts'
import { type Counts, countColumns, countsOf, type Timings, timingColumns, timingsOf } from './counts.ts'
import { keyAfter, type Page, type PageRequest, pageOf } from './pages.ts'
import { onlyRow, type Queryable, type Row, wholeNumber } from './queryable.ts'
import { checkResumable } from './run-order.ts'
import { storableJson, storableText } from './storable.ts'
import { tableOf } from './table-key.ts'

export type RunState = 'Running' | 'Succeeded' | 'Failed' | 'Cancelled'

/** Why a run failed, as stored and displayed. */
export type RunFailure = { code: string; message: string; retryable: boolean; slice?: number; position?: Position }

export type Run = {
  id: number
  name: string
  pipeline: string
  /** Uid of the PipelineRun that declared the run; undefined for a run outside a cluster. */
  uid: string | undefined
  spec: PipelineSpec
  specHash: string
  params: Record<string, string>
  /** The time interval that the run covers, if it has one. */
  interval: { start: Date; end: Date } | undefined
  /** Id of the table that the run loads (headgate.destination); undefined for a destination of a plugin. */
  destination: number | undefined
  /** Whether this run may remove more rows than `quality.maxRemovedRatio` allows. */
  allowRemoval: boolean
  state: RunState
  workers: number
  batchSize: number
  createdAt: Date
  startedAt: Date | undefined
  finishedAt: Date | undefined
  /** All 0 until the run has ended; `runTotals` returns those of a run in progress. */
  counts: Counts
  bytes: number
  timings: Timings
  failure: RunFailure | undefined
  /** Warning code → number of occurrences. */
  warnings: Record<string, number>
}

const runColumns = [
  'id',
  'name',
  'pipeline',
  'uid',
  'spec',
  'spec_hash',
  'params',
  'interval_start',
  'interval_end',
  'destination',
  'allow_removal',
  'state',
  'workers',
  'batch_size',
  'created_at',
  'started_at',
  'finished_at',
  ...countColumns,
  'bytes',
  ...timingColumns,
  'failure',
  'warnings',
].join(', ')

/** SHA-256 of a spec in hexadecimal, independent of the order of its keys. Shows whether a pipeline was edited since a run started. */
export function specHash(spec: unknown): string {
  const sorted = JSON.stringify(spec, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
  return createHash('sha256').update(sorted).digest('hex')
}

/** The properties that a run is created with. */
export type NewRun = Pick<Run, 'name' | 'pipeline' | 'spec' | 'workers' | 'batchSize'> & Partial<Pick<Run, 'uid' | 'params' | 'interval' | 'allowRemoval'>>

/** Throws RunExists if the name is taken, so that a repeated request creates one run. */
export async function createRun(db: Queryable, run: NewRun): Promise<Run> {
  const created = await insertRun(db, run)
  if (created === undefined) throw new HeadgateError('RunExists', `a run named ${run.name} is already in the store; choose another name or resume that run`)
  return created
}

/**
 * For workers that all start from the same declaration: one creates the run, the others find it. Throws RunExists if the name belongs to
 * a run of another object.
 */
export async function findOrCreateRun(db: Queryable, run: NewRun & { uid: string }): Promise<Run> {
  const found = (await findRun(db, run.name)) ?? (await insertRun(db, run)) ?? (await findRun(db, run.name))
  if (found?.uid === run.uid) return found
  throw new HeadgateError(
    'RunExists',
    `the store already has a run named ${run.name}, created ${found?.uid === undefined ? 'outside the cluster' : `by another object (uid ${found.uid})`}; create the PipelineRun under another name`,
  )
}

/** Returns undefined if the name is taken. */
async function insertRun(db: Queryable, run: NewRun): Promise<Run | undefined> {
  const { rows } = await db.query(
    `INSERT INTO headgate.run (name, pipeline, uid, spec, spec_hash, params, interval_start, interval_end, workers, batch_size, destination, allow_removal)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (name) DO NOTHING RETURNING ${runColumns}`,
    [
      run.name,
      run.pipeline,
      run.uid ?? null,
      JSON.stringify(run.spec),
      specHash(run.spec),
      JSON.stringify(run.params ?? {}),
      run.interval?.start ?? null,
      run.interval?.end ?? null,
      run.workers,
      run.batchSize,
      await destinationOf(db, run.spec),
      run.allowRemoval ?? false,
    ],
  )
  return rows[0] === undefined ? undefined : runOf(rows[0])
}

/** Id of the table that the spec names; inserts the table if it is new. Null for a destination of a plugin. */
async function destinationOf(db: Queryable, { destination }: PipelineSpec): Promise<number | null> {
  if (destination.postgres === undefined) return null
  const { schema, name } = tableOf(destination.postgres.table)
  const values = [`${schema}.${name}`]
  const find = () => db.query('SELECT id FROM headgate.destination WHERE name = $1', values)
  let { rows } = await find()
  if (rows.length === 0) {
    await db.query('INSERT INTO headgate.destination (name) VALUES ($1) ON CONFLICT (name) DO NOTHING', values)
    rows = (await find()).rows
  }
  return onlyRow(rows).id as number
}

export async function findRun(db: Queryable, name: string): Promise<Run | undefined> {
  return firstRun(db, 'WHERE name = $1', [name])
}

/** Throws RunNotFound. */
export async function findRunById(db: Queryable, id: number): Promise<Run> {
  const run = await firstRun(db, 'WHERE id = $1', [id])
  if (run === undefined) throw new HeadgateError('RunNotFound', `run ${id} is no longer in the store`)
  return run
}

/** The run to resume: the pipeline's latest run, if it is Running or failed with a retryable failure. */
export async function unfinishedRun(db: Queryable, pipeline: string): Promise<Run | undefined> {
  const latest = await firstRun(db, 'WHERE pipeline = $1 ORDER BY id DESC LIMIT 1', [pipeline])
  const resumable = latest?.state === 'Running' || (latest?.state === 'Failed' && latest.failure?.retryable === true)
  return resumable ? latest : undefined
}

/** Whether the run is Running, or is its pipeline's latest and failed with a retryable failure. The staged rows of such a run are still needed. */
export async function isUnfinished(db: Queryable, id: number): Promise<boolean> {
  const run = await firstRun(db, 'WHERE id = $1', [id])
  if (run === undefined || run.state === 'Running') return run !== undefined
  return (await unfinishedRun(db, run.pipeline))?.id === id
}

/** Latest first. */
export async function listRuns(db: Queryable, options: PageRequest & { pipeline?: string | undefined }): Promise<Page<Run>> {
  const { pipeline, after, limit } = options
  const values: unknown[] = [limit + 1]
  // Only the conditions that apply, so that each combination is one range of an index.
  const conditions = [
    ...(pipeline === undefined ? [] : [`pipeline = $${values.push(pipeline)}`]),
    ...(after === undefined ? [] : [`id < $${values.push(keyAfter('runs', after, 1)[0])}`]),
  ]
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const { rows } = await db.query(`SELECT ${runColumns} FROM headgate.run ${where} ORDER BY id DESC LIMIT $1`, values)
  return pageOf('runs', rows.map(runOf), options, ({ id }) => [String(id)])
}

/**
 * Marks the run as started or resumed. Call it in a transaction. Throws RunEnded if the run cannot be resumed, and Overtaken if it
 * failed and newer runs of its table no longer consider it open (see `checkResumable`).
 */
export async function startRun(tx: Queryable, id: number): Promise<void> {
  const run = await findRunById(tx, id)
  // Append has no order between runs.
  if (run.state === 'Failed' && run.spec.destination.postgres?.mode !== 'Append') await checkResumable(tx, run)
  const { rowCount } = await tx.query(
    `UPDATE headgate.run SET state = 'Running', started_at = coalesce(started_at, clock_timestamp()), finished_at = NULL, failure = NULL
    WHERE id = $1 AND (state = 'Running' OR (state = 'Failed' AND (failure ->> 'retryable')::boolean))`,
    [id],
  )
  if (rowCount !== 1) throw new HeadgateError('RunEnded', `run ${id} has ended and cannot be resumed; start a new run`)
}

/** Adds an event to the run's history. */
export async function recordEvent(db: Queryable, run: number, code: string, message: string): Promise<void> {
  await db.query('INSERT INTO headgate.run_event (run, code, message) VALUES ($1, $2, $3)', [run, storableText(code), storableText(message)])
}

/** The run's events, oldest first. */
export async function listEvents(db: Queryable, run: number): Promise<{ at: Date; code: string; message: string }[]> {
  const { rows } = await db.query('SELECT at, code, message FROM headgate.run_event WHERE run = $1 ORDER BY id', [run])
  return rows.map((row) => ({ at: row.at as Date, code: row.code as string, message: row.message as string }))
}

const sum = [...countColumns, ...timingColumns].map((column) => `coalesce(sum(${column}), 0) AS ${column}`).join(', ')
const setTotals = [...countColumns, ...timingColumns].map((column) => `${column} = total.${column}`).join(', ')

/**
 * Ends a run that is Running, with totals from its ledger. `assignments` is SQL that sets further columns, with parameters from $2 on in
 * `values`. Returns whether the run was Running.
 */
export async function endRun(db: Queryable, id: number, assignments: string, values: unknown[] = []): Promise<boolean> {
  const { rowCount } = await db.query(
    `UPDATE headgate.run SET ${assignments}, ${setTotals}, finished_at = clock_timestamp(), warnings = headgate.run_warnings($1),
      bytes = (SELECT coalesce(sum(bytes), 0) FROM headgate.slice WHERE run = $1 AND state = 'done')
    FROM (SELECT ${sum} FROM headgate.batch WHERE run = $1) AS total
    WHERE id = $1 AND state = 'Running'`,
    [id, ...values],
  )
  return rowCount === 1
}

/** Ends a run as failed. Has no effect on a run that has already ended, so the first failure is kept. */
export async function failRun(db: Queryable, id: number, failure: RunFailure): Promise<boolean> {
  return endRun(db, id, `state = 'Failed', failure = $2`, [storableJson(failure)])
}

/** Ends a run at the user's request; its workers notice at their next claim or batch. */
export async function cancelRun(db: Queryable, id: number): Promise<boolean> {
  return endRun(db, id, `state = 'Cancelled'`)
}

/** Ends a run successfully. Throws Unbalanced if its slices, ledger and quarantine do not agree; the caller must then roll back the transaction. */
export async function succeedRun(tx: Queryable, id: number): Promise<Run> {
  await checkBalance(tx, id)
  if (!(await endRun(tx, id, `state = 'Succeeded'`))) throw new HeadgateError('RunEnded', `run ${id} ended before it could succeed: it was cancelled or failed`)
  const run = await firstRun(tx, 'WHERE id = $1', [id])
  return run as Run
}

const balance = `
  SELECT
    (SELECT count(*) FROM headgate.slice WHERE run = $1 AND kind = 'read' AND state <> 'done') AS unread,
    (SELECT coalesce(sum(records), 0) FROM headgate.slice WHERE run = $1) AS records,
    (SELECT count(*) FROM headgate.quarantine_occurrence WHERE run = $1) AS rejected,
    coalesce(sum(read), 0) AS read,
    coalesce(sum(derived), 0) AS derived,
    coalesce(sum(quarantined + parked), 0) AS quarantined,
    coalesce(sum(loaded + unchanged + superseded + filtered + quarantined + parked), 0) AS accounted
  FROM headgate.batch WHERE run = $1`

async function checkBalance(tx: Queryable, id: number): Promise<void> {
  const { rows } = await tx.query(balance, [id])
  const row = onlyRow(rows)
  const { unread, records, rejected, read, derived, quarantined, accounted } = Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, wholeNumber(value)]),
  )
  const problems = [
    unread === 0 ? '' : `slices not done: ${unread}`,
    records === read ? '' : `its slices hold ${records} records but its ledger read ${read}`,
    accounted === Number(read) + Number(derived) ? '' : `its ledger read ${read} records and derived ${derived} more, but accounts for ${accounted}`,
    rejected === quarantined ? '' : `its ledger counts ${quarantined} records as quarantined or parked but ${rejected} are kept`,
  ].filter((problem) => problem !== '')
  if (problems.length > 0) throw new HeadgateError('Unbalanced', `run ${id} does not balance: ${problems.join('; ')}; nothing of its last step is committed`)
}

async function firstRun(db: Queryable, where: string, values: unknown[]): Promise<Run | undefined> {
  const { rows } = await db.query(`SELECT ${runColumns} FROM headgate.run ${where}`, values)
  return rows[0] === undefined ? undefined : runOf(rows[0])
}

function runOf(row: Row): Run {
  return {
    id: wholeNumber(row.id),
    name: row.name as string,
    pipeline: row.pipeline as string,
    uid: (row.uid as string | null) ?? undefined,
    spec: row.spec as PipelineSpec,
    specHash: row.spec_hash as string,
    params: row.params as Record<string, string>,
    interval: row.interval_start === null ? undefined : { start: row.interval_start as Date, end: row.interval_end as Date },
    destination: (row.destination as number | null) ?? undefined,
    allowRemoval: row.allow_removal as boolean,
    state: row.state as RunState,
    workers: row.workers as number,
    batchSize: row.batch_size as number,
    createdAt: row.created_at as Date,
    startedAt: (row.started_at as Date | null) ?? undefined,
    finishedAt: (row.finished_at as Date | null) ?? undefined,
    counts: countsOf(row),
    bytes: wholeNumber(row.bytes),
    timings: timingsOf(row),
    failure: (row.failure as RunFailure | null) ?? undefined,
    warnings: row.warnings as Record<string, number>,
  }
}
