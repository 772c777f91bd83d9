// finishRun: the run's last transaction, as a list of steps: all of them happen or none. Called by the worker that claims the finish slice.
import { defaults } from '../../../crds/defaults.ts'
import { HeadgateError, type PublishCounts, type Transaction } from '../../../sdk/index.ts'
import { foreign } from '../../../sdk/quoting.ts'
import { noCounts } from '../../../store/counts.ts'
import { batchesWithKeys, countKeys, forgetKeys, type RunTotals, recordBatch, runTotals } from '../../../store/ledger.ts'
import { rejectedKeys } from '../../../store/rejected-keys.ts'
import { checkOrder, type HeldDestinations, lockDestination, newerRun, recordWhole } from '../../../store/run-order.ts'
import { recordEvent, succeedRun } from '../../../store/runs.ts'
import { advanceSlice, type ClaimedSlice } from '../../../store/slices.ts'
import { type StagedLoading, stages } from '../../loaders/capabilities.ts'
import { lockRunning } from '../commit.ts'
import type { Work } from '../work.ts'
import { closeEntries } from './close-entries.ts'
import { checkGate } from './gate.ts'
import { judgeObservations } from './observations.ts'
import { reapplyBatch } from './reapply.ts'

/** The run that is being finished. Each step fills in what later ones read. */
export type Finishing = {
  readonly work: Work
  readonly transaction: Transaction
  readonly claim: ClaimedSlice
  /** By the clock of performance.now(). */
  readonly started: number
  /** What the run holds, and what the order of runs means for it. */
  order: { held: HeldDestinations; olderRunOpen: boolean }
  /** Ordinal of the ledger row that corrects the counts. */
  ordinal: number
  totals: RunTotals
  /** Records counted as unchanged that lost to a later record with the same key. */
  supersededUnchanged: number
  published: PublishCounts
}

/** In this order: the gate before anything is written, entries before a staging table is gone. */
const steps: readonly ((finishing: Finishing) => Promise<void>)[] = [lock, judge, reapplyOverwritten, closeSuperseded, publish, recordCorrections, complete]

/** Finishes the run within `transaction`. Throws QualityGate, RemovalRefused, Overtaken, Unbalanced; then nothing of it has happened. */
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
async function judge(finishing: Finishing): Promise<void> {
  const { work, transaction } = finishing
  finishing.totals = await runTotals(transaction, work.run.id)
  checkGate(work.run.spec.quality, finishing.totals.counts)
}

/** See "An unchanged row is an observation too" in docs/architecture.md. */
async function reapplyOverwritten(finishing: Finishing): Promise<void> {
  const { work, transaction } = finishing
  const { id } = work.run
  const batches = (kind: 'unchanged' | 'overwritten') => batchesWithKeys(transaction, id, kind)
  const { reapply, supersededUnchanged } = await judgeObservations({ ...(await countKeys(transaction, id)), batches })
  for (const batch of reapply) await reapplyBatch(work, transaction, batch)
  finishing.supersededUnchanged = supersededUnchanged
}

async function closeSuperseded({ work, transaction }: Finishing): Promise<void> {
  await closeEntries(work, transaction)
}

/** Throws RemovalRefused, and DestinationRefusal for rows that the destination does not take. */
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
  if (whole) await recordWhole(transaction, work.run)
  const { removed = 0 } = finishing.published
  if (removed > 0) {
    const table = spec.destination.postgres?.table ?? 'the destination'
    await recordEvent(transaction, run.id, 'RowsRemoved', `${removed} rows of ${table} were removed, because the source no longer has them`)
  }
}

type Publishing = ReturnType<StagedLoading<unknown>['publishing']>

/** How the run is published; a loader that does not say so publishes rows among those of other runs. */
export function publishingOf({ loader, plan }: Pick<Work['commit'], 'loader' | 'plan'>): Publishing {
  return stages(loader) ? loader.publishing(plan) : { lock: 'shared', whole: false }
}

/** Writes the finish step's ledger row: signed corrections that add up to 0, so that the run's totals are the ledger's sums. */
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
  await forgetKeys(transaction, work.run.id)
  await advanceSlice(transaction, claim, { records: 0, done: true })
  await succeedRun(transaction, work.run.id)
}
