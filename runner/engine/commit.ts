// commitBatch: one batch, one transaction: fence, load, quarantine, ledger, position. Called by the slice loop.
import { HeadgateError, type LoadCounts, type Loader, type RunContext, type Transaction } from '../../sdk/index.ts'
import { recordBatch } from '../../store/ledger.ts'
import { type QuarantineOrigin, quarantineRecords } from '../../store/quarantine.ts'
import { checkOrder, lockDestination, type OrderedRun } from '../../store/run-order.ts'
import { advanceSlice, type ClaimedSlice, lockSlice } from '../../store/slices.ts'
import { hasOpenKeyed, supersedeByBatch } from '../../store/supersede.ts'
import { keyColumns, type LoadedRows, type LoadPlan, PostgresLoader } from '../loaders/postgres/loader.ts'
import { ObjectRows } from '../records/object-rows.ts'
import { foreign } from '../validation/quoting.ts'
import type { PreparedBatch } from './prepared-batch.ts'

/** What every commit of a run needs. `plan` is the PostgreSQL loader's, fixed when the run was planned. */
export type Commit = {
  run: RunContext
  /** Number of the destination in the store, see Run. */
  destination: number | undefined
  loader: Loader
  plan: LoadPlan | null
}

/** How a batch gets into the destination. It may reject further records. `rewriteUnchanged`: see LoadOptions. */
export type Load = (commit: Commit, transaction: Transaction, claim: ClaimedSlice, batch: PreparedBatch, rewriteUnchanged: boolean) => Promise<LoadedRows>

/** Commits a batch within `transaction`; `ordinal` is its number within the slice. Throws StaleEpoch, RunEnded, Overtaken, DestinationRefusal. */
export async function commitBatch(
  commit: Commit,
  transaction: Transaction,
  claim: ClaimedSlice,
  ordinal: number,
  batch: PreparedBatch,
  load: Load = loadBatch,
): Promise<LoadCounts> {
  const started = performance.now()
  const held = await lockDestination(transaction, commit, 'shared')
  await lockRunning(transaction, claim)
  const { olderRunOpen } = await checkOrder(transaction, orderedRun(commit), held)
  const counts = settled(await load(commit, transaction, claim, batch, olderRunOpen))
  if (batch.rejected.length > 0) await quarantineRecords(transaction, originOf(commit, claim), batch.rejected)
  await closeEntriesOfBatch(commit, transaction, batch, counts)
  const parked = batch.rejected.filter((record) => record.state === 'parked').length
  await recordBatch(transaction, {
    run: commit.run.id,
    slice: claim.ordinal,
    ordinal,
    epoch: claim.epoch,
    input: claim.slice.input,
    counts: {
      read: batch.read,
      derived: batch.derived,
      loaded: counts.loaded,
      unchanged: counts.unchanged,
      superseded: counts.superseded + batch.superseded,
      filtered: batch.filtered,
      quarantined: batch.rejected.length - parked,
      parked,
      removed: 0,
    },
    straight: counts.straight ?? false,
    unchangedKeys: counts.unchangedKeys ?? null,
    overwrittenKeys: counts.overwrittenKeys ?? null,
    warnings: Object.fromEntries([...batch.warnings].map(([code, { count }]) => [code, count])),
    from: batch.from,
    to: batch.to,
    firstOrder: batch.firstOrder,
    lastOrder: batch.lastOrder,
    timings: { ...batch.timings, load: performance.now() - started },
  })
  await advanceSlice(transaction, claim, { position: batch.to, records: batch.read, done: false })
  return counts
}

function orderedRun({ run: { id, name }, destination }: Commit): OrderedRun {
  return { id, name, destination }
}

/** Rows of this same run that the batch replaced were loaded by it before; now they are superseded, at once and not only when the run ends. */
function settled(counts: LoadedRows): LoadedRows {
  const overwrote = counts.overwrote ?? 0
  return { ...counts, loaded: counts.loaded - overwrote, superseded: counts.superseded + overwrote, overwrote: 0 }
}

/** Locks the slice for the transaction and answers where it is. Throws StaleEpoch, or RunEnded if the run was cancelled or failed. */
export async function lockRunning(transaction: Transaction, claim: ClaimedSlice): ReturnType<typeof lockSlice> {
  const slice = await lockSlice(transaction, claim)
  if (slice.runState === 'Running') return slice
  throw new HeadgateError('RunEnded', `run ${claim.run} is ${slice.runState}; what was committed before stays, nothing more is`)
}

async function loadBatch(commit: Commit, transaction: Transaction, claim: ClaimedSlice, batch: PreparedBatch, rewriteUnchanged: boolean): Promise<LoadedRows> {
  const { loader, run, plan } = commit
  const { input } = claim.slice
  if (!(loader instanceof PostgresLoader) || batch.rows === undefined || plan === null) {
    return foreign(() => loader.load(new ObjectRows(batch.records, input), transaction, run))
  }
  // With versions an accepted record may leave no trace in the destination, where the finish step looks for rows copied straight in.
  const keepKeys = plan.version !== null && (await mayClose(commit, transaction, batch))
  return loader.loadEncoded(batch.rows, transaction, run, { input, plan, keepKeys, rewriteUnchanged })
}

/** Closes entries whose key the batch brought. Those of a batch that was copied straight in are closed by the finish step. */
async function closeEntriesOfBatch(commit: Commit, transaction: Transaction, batch: PreparedBatch, { straight }: LoadedRows): Promise<void> {
  const { run, plan } = commit
  if (plan === null || straight === true || !(await mayClose(commit, transaction, batch))) return
  await supersedeByBatch(transaction, { pipeline: run.pipeline, run: run.id, relation: plan.stage, columns: keyColumns(plan) })
}

/** Whether the batch is published by itself and there is an entry that one of its rows may close. */
async function mayClose({ run, plan }: Commit, transaction: Transaction, { rows, rejected }: PreparedBatch): Promise<boolean> {
  if (plan?.route !== 'stage' || rows === undefined || rows.size === 0) return false
  return rejected.some(({ key }) => key !== undefined) || hasOpenKeyed(transaction, run.pipeline)
}

/** Where rejected records of a slice come from. */
export function originOf({ run, plan }: Commit, { ordinal, slice }: Pick<ClaimedSlice, 'ordinal' | 'slice'>): QuarantineOrigin {
  const { input, name } = slice
  return { run: run.id, pipeline: run.pipeline, slice: ordinal, input, name, keyColumns: plan === null ? [] : keyColumns(plan) }
}
