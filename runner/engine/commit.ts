// commitBatch: one batch, one transaction: fence, load, quarantine, ledger, position. Called by the slice loop.
import { HeadgateError, type LoadCounts, type Loader, type RunContext, type Transaction } from '../../sdk/index.ts'
import { recordBatch } from '../../store/ledger.ts'
import { quarantineRecords } from '../../store/quarantine.ts'
import { checkOrder, lockDestination, type OrderedRun } from '../../store/run-order.ts'
import { advanceSlice, type ClaimedSlice, lockSlice } from '../../store/slices.ts'
import { hasOpenKeyed, supersedeByKeys } from '../../store/supersede.ts'
import { type LoadPlan, PostgresLoader } from '../loaders/postgres/loader.ts'
import { ObjectRows } from '../records/object-rows.ts'
import type { PreparedBatch } from './prepared-batch.ts'

/** What every commit of a run needs. `plan` is the PostgreSQL loader's, fixed when the run was planned. */
export type Commit = {
  run: RunContext
  /** Number of the destination in the store, see Run. */
  destination: number | undefined
  loader: Loader
  plan: LoadPlan | null
}

/** Commits a batch within `transaction`; `ordinal` is its number within the slice. Throws StaleEpoch, RunEnded, Overtaken. */
export async function commitBatch(commit: Commit, transaction: Transaction, claim: ClaimedSlice, ordinal: number, batch: PreparedBatch): Promise<LoadCounts> {
  const started = performance.now()
  await lockDestination(transaction, commit, 'shared')
  await lockRunning(transaction, claim)
  const { olderRunOpen } = await checkOrder(transaction, orderedRun(commit))
  const { counts, staged } = await loadBatch(commit, transaction, claim, batch, olderRunOpen)
  if (batch.rejected.length > 0) await quarantineRecords(transaction, origin(commit, claim), batch.rejected)
  if (staged !== undefined) await supersedeByKeys(transaction, { pipeline: commit.run.pipeline, run: commit.run.id, ...staged })
  const parked = batch.rejected.filter((record) => record.state === 'parked').length
  await recordBatch(transaction, {
    run: commit.run.id,
    slice: claim.ordinal,
    ordinal,
    epoch: claim.epoch,
    input: claim.slice.input,
    counts: {
      read: batch.read,
      loaded: counts.loaded,
      unchanged: counts.unchanged,
      superseded: counts.superseded,
      filtered: batch.filtered,
      quarantined: batch.rejected.length - parked,
      parked,
      removed: 0,
    },
    overwrote: counts.overwrote ?? 0,
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

export function orderedRun({ run: { id, name }, destination }: Commit): OrderedRun {
  return { id, name, destination }
}

/** Locks the slice for the transaction and answers where it is. Throws StaleEpoch, or RunEnded if the run was cancelled or failed. */
export async function lockRunning(transaction: Transaction, claim: ClaimedSlice): ReturnType<typeof lockSlice> {
  const slice = await lockSlice(transaction, claim)
  if (slice.runState === 'Running') return slice
  throw new HeadgateError('RunEnded', `run ${claim.run} is ${slice.runState}; what was committed before stays, nothing more is`)
}

type Loaded = {
  counts: LoadCounts
  /** Where the batch's keys are, if the pipeline has quarantine entries that one of them may close. */
  staged?: { relation: string; columns: readonly string[] }
}

async function loadBatch(commit: Commit, transaction: Transaction, claim: ClaimedSlice, batch: PreparedBatch, rewriteUnchanged: boolean): Promise<Loaded> {
  const { loader, run, plan } = commit
  const { input } = claim.slice
  if (!(loader instanceof PostgresLoader) || batch.rows === undefined || plan === null) {
    return { counts: await loader.load(new ObjectRows(batch.records, input), transaction, run) }
  }
  const mayClose = plan.route === 'stage' && batch.rows.size > 0
  const keepKeys = mayClose && (batch.rejected.some((record) => record.key !== undefined) || (await hasOpenKeyed(transaction, run.pipeline)))
  const counts = await loader.loadEncoded(batch.rows, transaction, run, { input, plan, keepKeys, rewriteUnchanged })
  return keepKeys ? { counts, staged: loader.stageRelation(plan) } : { counts }
}

function origin(commit: Commit, claim: ClaimedSlice) {
  return { run: commit.run.id, pipeline: commit.run.pipeline, slice: claim.ordinal, input: claim.slice.input, name: claim.slice.name }
}
