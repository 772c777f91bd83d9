// finishRun: the run's last transaction, as a list of steps. Called by the worker that claims the finish slice.
import { defaults } from '../../../crds/defaults.ts'
import { HeadgateError, type PublishCounts, type Transaction } from '../../../sdk/index.ts'
import { foreign } from '../../../sdk/quoting.ts'
import { noCounts } from '../../../store/counts.ts'
import { batchesWithKeys, countKeys, deleteKeyHashes, type RunTotals, recordBatch, runTotals } from '../../../store/ledger.ts'
import { rejectedKeys } from '../../../store/rejected-keys.ts'
import { checkOrder, type HeldDestinations, lockDestination, newerRun, recordWholeRun } from '../../../store/run-order.ts'
import { recordEvent, succeedRun } from '../../../store/runs.ts'
import { advanceSlice, type ClaimedSlice } from '../../../store/slices.ts'
import { type StagedLoading, stages } from '../../loaders/capabilities.ts'
import { lockRunning } from '../commit.ts'
import type { Work } from '../work.ts'
import { closeEntries } from './close-entries.ts'
import { checkGate } from './gate.ts'
import { resolveObservations } from './observations.ts'
import { reapplyBatch } from './reapply.ts'

/** State of the finish. Each step sets properties that later steps read. */
export type Finishing = {
  readonly work: Work
  readonly transaction: Transaction
  readonly claim: ClaimedSlice
  /** Value of performance.now() at the start. */
  readonly started: number
  /** The destination locks that the run holds, and the result of `checkOrder`. */
  order: { held: HeldDestinations; olderRunOpen: boolean }
  /** Ordinal of the ledger row that corrects the counts. */
  ordinal: number
  totals: RunTotals
  /** Number of records counted as unchanged that a later record with the same key supersedes. */
  supersededUnchanged: number
  published: PublishCounts
}

/** The order matters: the gate is checked before anything is written, and entries are closed before `publish` drops the staging table. */
const steps: readonly ((finishing: Finishing) => Promise<void>)[] = [
  lock,
  checkQuality,
  reapplyOverwritten,
  closeSuperseded,
  publish,
  recordCorrections,
  complete,
]

/** Finishes the run within `transaction`. Throws QualityGate, RemovalRefused, Overtaken, Unbalanced; the caller then rolls back the transaction. */
export async function finishRun(work: Work, transaction: Transaction, claim: ClaimedSlice): Promise<void> {
  const finishing = { work, transaction, claim, started: performance.now() } as Finishing
  for (const step of steps) await step(finishing)
}

/** Locks the destination and the finish slice. Throws StaleEpoch, RunEnded, Overtaken. */
async function lock(finishing: Finishing): Promise<void> {
  const { work, transaction, claim } = finishing
  const held = await lockDestination(transaction, work.run, publishingOf(work.commit).lock)
  finishing.ordinal = (await lockRunning(transaction, claim)).batches
  finishing.order = { held, ...(await checkOrder(transaction, work.run, held)) }
}

/** Throws QualityGate. */
async function checkQuality(finishing: Finishing): Promise<void> {
  const { work, transaction } = finishing
  finishing.totals = await runTotals(transaction, work.run.id)
  checkGate(work.run.spec.quality, finishing.totals.counts)
}

/** See "Unchanged rows are recorded, too" in docs/architecture.md. */
async function reapplyOverwritten(finishing: Finishing): Promise<void> {
  const { work, transaction } = finishing
  const { id } = work.run
  const batches = (kind: 'unchanged' | 'overwritten') => batchesWithKeys(transaction, id, kind)
  const { reapply, supersededUnchanged } = await resolveObservations({ ...(await countKeys(transaction, id)), batches })
  for (const batch of reapply) await reapplyBatch(work, transaction, batch)
  finishing.supersededUnchanged = supersededUnchanged
}

async function closeSuperseded({ work, transaction }: Finishing): Promise<void> {
  await closeEntries(work, transaction)
}

/** Throws RemovalRefused, and DestinationRefusal for rows that the destination does not accept. */
async function publish(finishing: Finishing): Promise<void> {
  const { work, transaction, order } = finishing
  const { loader, run, plan } = work.commit
  const { spec, allowRemoval } = work.run
  const { whole } = publishingOf(work.commit)
  const publication = {
    rejectedKeys: () => rejectedKeys(transaction, run.id),
    olderRunOpen: order.olderRunOpen,
    newerRun: whole ? await newerRun(transaction, work.run, order.held) : undefined,
    maxRemovedRatio: allowRemoval ? 1 : Number(spec.quality?.maxRemovedRatio ?? defaults.quality.maxRemovedRatio),
  }
  const publishing = () => loader.publish(run, transaction, plan, publication)
  finishing.published = stages(loader) ? await publishing() : await foreign(publishing)
  if (whole) await recordWholeRun(transaction, work.run)
  const { removed = 0 } = finishing.published
  if (removed > 0) {
    const table = spec.destination.postgres?.table ?? 'the destination'
    await recordEvent(transaction, run.id, 'RowsRemoved', `${removed} rows of ${table} were removed, because the source no longer has them`)
  }
}

type Publishing = ReturnType<StagedLoading<unknown>['publishing']>

/** How the run is published. A loader without `publishing` adds its rows to those of other runs. */
export function publishingOf({ loader, plan }: Pick<Work['commit'], 'loader' | 'plan'>): Publishing {
  return stages(loader) ? loader.publishing(plan) : { lock: 'shared', whole: false }
}

/** Writes the finish step's ledger row: signed corrections that add up to 0. With them, the run's totals are the sums over its ledger. */
async function recordCorrections({ work, transaction, claim, ordinal, totals, supersededUnchanged, published, started }: Finishing): Promise<void> {
  const loaded = published.loaded - totals.overwrote
  const unchanged = published.unchanged - supersededUnchanged
  const superseded = published.superseded + totals.overwrote + supersededUnchanged
  if (loaded + unchanged + superseded !== 0) {
    throw new HeadgateError(
      'Unbalanced',
      `run ${work.run.name}: publishing corrected the counts by ${JSON.stringify({ loaded, unchanged, superseded })}, which do not add up to 0; this is a defect, please report it`,
    )
  }
  await recordBatch(transaction, {
    run: work.run.id,
    slice: claim.ordinal,
    ordinal,
    epoch: claim.epoch,
    input: claim.slice.input,
    counts: { ...noCounts, loaded, unchanged, superseded, removed: published.removed ?? 0 },
    timings: { extract: 0, validate: 0, transform: 0, load: performance.now() - started },
  })
}

async function complete({ work, transaction, claim }: Finishing): Promise<void> {
  await deleteKeyHashes(transaction, work.run.id)
  await advanceSlice(transaction, claim, { records: 0, done: true })
  await succeedRun(transaction, work.run.id)
}
