// Slices: the persisted plan, the workers' claims on its slices, and the fence (epoch) that rejects commits of a worker whose claim has been
// taken over. Called by the engine.
import { HeadgateError, type Position, type Slice } from '../sdk/index.ts'
import { defaultLeaseMilliseconds, expired, keepAlive } from './lease.ts'
import { positionOf, positionText } from './ledger.ts'
import { onlyRow, type Queryable, type Row, wholeNumber } from './queryable.ts'

export type SliceKind = 'read' | 'finish'

/** A slice claimed by one worker. `epoch` is the fence: every later claim of the slice has a larger epoch. */
export type ClaimedSlice = {
  run: number
  ordinal: number
  kind: SliceKind
  slice: Slice
  /** `next` of the last committed batch; undefined before the first batch. */
  position: Position | undefined
  /** Number of records committed so far. */
  records: number
  batches: number
  epoch: number
}

/** The properties of a ClaimedSlice that identify its claim. */
export type Claim = Pick<ClaimedSlice, 'run' | 'ordinal' | 'epoch'>

/** The worker that holds a slice. `expired`: its lease in the store has run out. */
export type Lease = { ordinal: number; worker: string; expired: boolean }

export type SliceCounts = { total: number; pending: number; leased: number; done: number; bytes: number | undefined; doneBytes: number }

/** Persists the plan and appends the finish slice. The transaction must hold the plan lock (`lockPlan`). */
export async function planSlices(tx: Queryable, run: number, slices: readonly Slice[]): Promise<void> {
  await tx.query(
    `INSERT INTO headgate.slice (run, ordinal, kind, input, name, spec, bytes, least_record_bytes, inputs)
    SELECT $1, place - 1, 'read', input, name, spec, bytes, least, (SELECT array_agg(item) FROM jsonb_array_elements_text(inputs) AS item)
    FROM unnest($2::integer[], $3::text[], $4::jsonb[], $5::bigint[], $6::bigint[], $7::jsonb[]) WITH ORDINALITY
      AS planned (input, name, spec, bytes, least, inputs, place)`,
    [
      run,
      slices.map((slice) => slice.input),
      slices.map((slice) => slice.name),
      slices.map((slice) => JSON.stringify(slice.spec)),
      slices.map((slice) => slice.bytes ?? null),
      slices.map((slice) => slice.leastRecordBytes ?? null),
      slices.map((slice) => (slice.inputs === undefined ? null : JSON.stringify(slice.inputs))),
    ],
  )
  await tx.query(`INSERT INTO headgate.slice (run, ordinal, kind, input, name, spec) VALUES ($1, $2, 'finish', 0, 'finish', 'null')`, [run, slices.length])
}

/** Locks the run's row until the transaction ends, so that one worker persists its plan and the others find that plan. */
export async function lockPlan(tx: Queryable, run: number): Promise<void> {
  await tx.query('SELECT 1 FROM headgate.run WHERE id = $1 FOR NO KEY UPDATE', [run])
}

export async function isPlanned(db: Queryable, run: number): Promise<boolean> {
  const { rows } = await db.query(`SELECT 1 FROM headgate.slice WHERE run = $1 AND kind = 'finish'`, [run])
  return rows.length > 0
}

const claimed = [
  ...['run', 'ordinal', 'kind', 'input', 'name', 'spec', 'bytes', 'least_record_bytes', 'inputs', 'records', 'batches', 'epoch'].map(
    (column) => `slice.${column}`,
  ),
  'slice.position::text AS position',
].join(', ')

const claim = `
  WITH free AS (
    SELECT run, ordinal FROM headgate.slice
    WHERE run = $1
      AND (state = 'pending' OR (state = 'leased' AND worker = ANY ($3::text[])))
      AND (kind = 'read' OR NOT EXISTS (SELECT 1 FROM headgate.slice AS other WHERE other.run = $1 AND other.kind = 'read' AND other.state <> 'done'))
      AND EXISTS (SELECT 1 FROM headgate.run WHERE id = $1 AND state = 'Running')
    ORDER BY ordinal LIMIT 1 FOR UPDATE SKIP LOCKED
  ), alive AS (
    ${keepAlive('free')}
  )
  UPDATE headgate.slice SET state = 'leased', worker = $2, epoch = slice.epoch + 1
  FROM free WHERE slice.run = free.run AND slice.ordinal = free.ordinal
  RETURNING ${claimed}`

export type ClaimOptions = {
  run: number
  worker: string
  /** Dead workers, whose slices may be taken over. */
  lapsed: readonly string[]
  leaseMilliseconds?: number | undefined
}

/**
 * Claims the first slice that is pending, or leased to a worker in `lapsed`. Returns the finish slice only when all others
 * are done, and undefined if no slice is free or the run is not Running.
 */
export async function claimSlice(db: Queryable, options: ClaimOptions): Promise<ClaimedSlice | undefined> {
  const { rows } = await db.query(claim, [options.run, options.worker, options.lapsed, options.leaseMilliseconds ?? defaultLeaseMilliseconds])
  return rows[0] === undefined ? undefined : claimedSliceOf(rows[0])
}

function claimedSliceOf(row: Row): ClaimedSlice {
  const slice: Slice = { input: row.input as number, name: row.name as string, spec: row.spec as Position }
  if (row.inputs !== null) slice.inputs = row.inputs as string[]
  if (row.bytes !== null) slice.bytes = wholeNumber(row.bytes)
  if (row.least_record_bytes !== null) slice.leastRecordBytes = wholeNumber(row.least_record_bytes)
  return {
    run: wholeNumber(row.run),
    ordinal: row.ordinal as number,
    kind: row.kind as SliceKind,
    slice,
    position: positionOf(row.position),
    records: wholeNumber(row.records),
    batches: row.batches as number,
    epoch: row.epoch as number,
  }
}

/** A planned slice by its ordinal. Used to read a part of the slice again. */
export async function findSlice(db: Queryable, run: number, ordinal: number): Promise<Slice | undefined> {
  const { rows } = await db.query(`SELECT ${claimed} FROM headgate.slice WHERE run = $1 AND ordinal = $2`, [run, ordinal])
  return rows[0] === undefined ? undefined : claimedSliceOf(rows[0]).slice
}

/** All planned slices of kind read, in order. */
export async function plannedSlices(db: Queryable, run: number): Promise<Slice[]> {
  const { rows } = await db.query(`SELECT ${claimed} FROM headgate.slice WHERE run = $1 AND kind = 'read' ORDER BY ordinal`, [run])
  return rows.map((row) => claimedSliceOf(row).slice)
}

/** The run's leased slices and their workers. The caller decides from these and from heartbeats which workers are dead. */
export async function leases(db: Queryable, run: number): Promise<Lease[]> {
  const { rows } = await db.query(
    `SELECT ordinal, worker, ${expired} AS expired
    FROM headgate.slice LEFT JOIN headgate.worker AS holder ON holder.name = worker
    WHERE slice.run = $1 AND state = 'leased' ORDER BY ordinal`,
    [run],
  )
  return rows.map((row) => ({ ordinal: row.ordinal as number, worker: row.worker as string, expired: row.expired as boolean }))
}

/** Renews the worker's lease, which covers all its claims. Returns the run's state. */
export async function renewLeases(db: Queryable, run: number, worker: string): Promise<string> {
  const { rows } = await db.query(
    `WITH renewed AS (UPDATE headgate.worker SET alive_until = clock_timestamp() + lease WHERE name = $2)
    SELECT state FROM headgate.run WHERE id = $1`,
    [run, worker],
  )
  return onlyRow(rows).state as string
}

/** `total` includes the finish slice; `bytes` is undefined if the size of any slice is unknown. */
export async function sliceCounts(db: Queryable, run: number): Promise<SliceCounts> {
  const { rows } = await db.query(
    `SELECT count(*) AS total, count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'leased') AS leased,
      count(*) FILTER (WHERE state = 'done') AS done,
      CASE WHEN bool_and(bytes IS NOT NULL OR kind = 'finish') THEN coalesce(sum(bytes), 0) END AS bytes,
      coalesce(sum(bytes) FILTER (WHERE state = 'done'), 0) AS done_bytes
    FROM headgate.slice WHERE run = $1`,
    [run],
  )
  const row = onlyRow(rows)
  return {
    total: wholeNumber(row.total),
    pending: wholeNumber(row.pending),
    leased: wholeNumber(row.leased),
    done: wholeNumber(row.done),
    bytes: row.bytes === null ? undefined : wholeNumber(row.bytes),
    doneBytes: wholeNumber(row.done_bytes),
  }
}

/**
 * First statement of a batch's transaction: locks the slice until the transaction ends and checks that the claim is still valid. Returns
 * the ordinal of the next batch, its start position, and the state of the run, which may have been cancelled. Throws StaleEpoch.
 */
export async function lockSlice(tx: Queryable, claimed: Claim): Promise<{ batches: number; position: Position | undefined; runState: string }> {
  const { rows } = await tx.query(
    `SELECT slice.epoch, slice.batches, slice.position::text AS position, slice.state, run.state AS run_state FROM headgate.slice JOIN headgate.run ON run.id = slice.run
    WHERE slice.run = $1 AND slice.ordinal = $2 FOR UPDATE OF slice`,
    [claimed.run, claimed.ordinal],
  )
  const row = onlyRow(rows)
  if (row.epoch !== claimed.epoch || row.state !== 'leased') throw staleEpoch(claimed, row)
  return { batches: row.batches as number, position: positionOf(row.position), runState: row.run_state as string }
}

function staleEpoch(claimed: Claim, row: Row): HeadgateError {
  return new HeadgateError(
    'StaleEpoch',
    `slice ${claimed.ordinal} of run ${claimed.run} was claimed with epoch ${claimed.epoch} and is now ${String(row.state)} with epoch ${String(row.epoch)}: ` +
      'another worker has taken it over and nothing of this batch is committed; claim another slice',
  )
}

/** Advances the locked slice past a batch of `records`; `done` ends the slice. Throws StaleEpoch. */
export async function advanceSlice(tx: Queryable, claimed: Claim, step: { position?: Position | undefined; records: number; done: boolean }): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE headgate.slice SET position = coalesce($4::jsonb, position), records = records + $5, batches = batches + 1,
      state = CASE WHEN $6 THEN 'done' ELSE state END, worker = CASE WHEN $6 THEN NULL ELSE worker END
    WHERE run = $1 AND ordinal = $2 AND epoch = $3 AND state = 'leased'`,
    [claimed.run, claimed.ordinal, claimed.epoch, positionText(step.position), step.records, step.done],
  )
  if (rowCount !== 1) throw staleEpoch(claimed, { epoch: 'another', state: 'another' })
}

/** Ends a slice without committing a further batch. Throws StaleEpoch. */
export async function completeSlice(tx: Queryable, claimed: Claim): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE headgate.slice SET state = 'done', worker = NULL WHERE run = $1 AND ordinal = $2 AND epoch = $3 AND state = 'leased'`,
    [claimed.run, claimed.ordinal, claimed.epoch],
  )
  if (rowCount !== 1) throw staleEpoch(claimed, { epoch: 'another', state: 'another' })
}

/** Releases a slice on a graceful stop. Has no effect if another worker has taken the slice over. */
export async function releaseSlice(db: Queryable, claimed: Claim): Promise<void> {
  await db.query(`UPDATE headgate.slice SET state = 'pending', worker = NULL WHERE run = $1 AND ordinal = $2 AND epoch = $3 AND state = 'leased'`, [
    claimed.run,
    claimed.ordinal,
    claimed.epoch,
  ])
}
