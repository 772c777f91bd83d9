// commitBatch: commits one batch in one transaction: fence, load, quarantine, ledger, position. Called by the slice loop.
import { HeadgateError, type LoadCounts, type RunContext, type Transaction } from '../../sdk/index.ts'
import { foreign } from '../../sdk/quoting.ts'
import { recordBatch } from '../../store/ledger.ts'
import { type QuarantineOrigin, quarantineRecords } from '../../store/quarantine.ts'
import { checkOrder, lockDestination, type OrderedRun } from '../../store/run-order.ts'
import { advanceSlice, type ClaimedSlice, lockSlice } from '../../store/slices.ts'
import { type AnyLoader, encodes, type LoadedRows } from '../loaders/capabilities.ts'
import { plainJson } from '../plugins/plain-json.ts'
import { ObjectRows } from '../records/object-rows.ts'
import { closeByBatch, mayClose, type RunKeys } from './accepted-keys.ts'
import type { PreparedBatch } from './prepared-batch.ts'

/** Values that every commit of a run uses. */
export type Commit = {
  run: RunContext
  /** Id of the destination in the store, see Run. */
  destination: number | undefined
  loader: AnyLoader
  /** The value that the loader's `prepare` returned when the run was planned. */
  plan: unknown
  keys: RunKeys
}

/** Loads a batch into the destination. May reject further records. `rewriteUnchanged`: see EncodedOptions. */
export type Load = (commit: Commit, transaction: Transaction, batch: PreparedBatch, rewriteUnchanged: boolean, claim: ClaimedSlice) => Promise<LoadedRows>

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
  const counts = withOverwritesSuperseded(await load(commit, transaction, batch, olderRunOpen, claim))
  if (batch.rejected.length > 0) await quarantineRecords(transaction, originOf(commit, claim), batch.rejected)
  const acceptedKeys = await closeByBatch(commit, transaction, batch, counts)
  const to = batch.to === undefined ? undefined : plainJson(batch.to, 'the position after a batch', 'InvalidPosition')
  const parked = batch.rejected.filter((record) => record.state === 'parked').length
  await recordBatch(transaction, {
    run: commit.run.id,
    slice: claim.ordinal,
    ordinal,
    epoch: claim.epoch,
    input: batch.firstInput,
    lastInput: batch.lastInput,
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
    copiedDirectly: counts.copiedDirectly ?? false,
    unchangedKeys: counts.unchangedKeys ?? null,
    overwrittenKeys: counts.overwrittenKeys ?? null,
    acceptedKeys,
    warnings: Object.fromEntries([...batch.warnings].map(([code, { count }]) => [code, count])),
    ...(batch.observed !== undefined && { observed: batch.observed }),
    from: batch.from,
    to,
    firstOrder: batch.firstOrder,
    lastOrder: batch.lastOrder,
    timings: { ...batch.timings, load: performance.now() - started },
  })
  await advanceSlice(transaction, claim, { position: to, records: batch.read, done: false })
  return counts
}

function orderedRun({ run: { id, name }, destination }: Commit): OrderedRun {
  return { id, name, destination }
}

/** Moves rows of this run that the batch overwrote from `loaded` to `superseded`, so that counts are correct while the run is in progress. */
function withOverwritesSuperseded(counts: LoadedRows): LoadedRows {
  const overwrote = counts.overwrote ?? 0
  return { ...counts, loaded: counts.loaded - overwrote, superseded: counts.superseded + overwrote, overwrote: 0 }
}

/** Locks the slice for the transaction and returns its position. Throws StaleEpoch, or RunEnded if the run was cancelled or failed. */
export async function lockRunning(transaction: Transaction, claim: ClaimedSlice): ReturnType<typeof lockSlice> {
  const slice = await lockSlice(transaction, claim)
  if (slice.runState === 'Running') return slice
  throw new HeadgateError('RunEnded', `run ${claim.run} is ${slice.runState}; batches that are committed remain, no further batch is committed`)
}

async function loadBatch(commit: Commit, transaction: Transaction, batch: PreparedBatch, rewriteUnchanged: boolean): Promise<LoadedRows> {
  const { loader, run, plan, keys } = commit
  if (batch.rows === undefined || !encodes(loader)) {
    const { loaded, unchanged, superseded, overwrote } = await foreign(() => loader.load(new ObjectRows(batch.records), transaction, run, plan))
    return { loaded, unchanged, superseded, ...(overwrote !== undefined && { overwrote }) }
  }
  const keepKeys = keys.mayLeaveNoTrace === true && (await mayClose(commit, transaction, batch))
  return loader.loadEncoded(batch.rows, transaction, run, { plan, keepKeys, rewriteUnchanged })
}

/** The origin of rejected records of a slice. */
export function originOf({ run, keys }: Commit, { ordinal, slice }: Pick<ClaimedSlice, 'ordinal' | 'slice'>): QuarantineOrigin {
  const { input, name, inputs } = slice
  return { run: run.id, pipeline: run.pipeline, slice: ordinal, input, name, ...(inputs !== undefined && { inputs }), keyColumns: keys.columns }
}
