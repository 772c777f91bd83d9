// finishRun: the run's last transaction. Gate, order hazards, publish, totals: all or nothing. Called by the worker that claims the finish slice.
import { defaults } from '../../crds/defaults.ts'
import { HeadgateError, type PublishCounts, type Transaction } from '../../sdk/index.ts'
import { noCounts } from '../../store/counts.ts'
import { batchesWithKeys, countKeys, forgetKeys, recordBatch, runTotals } from '../../store/ledger.ts'
import { rejectedKeys } from '../../store/rejected-keys.ts'
import { checkOrder, type HeldDestinations, lockDestination, newerRun, recordWhole } from '../../store/run-order.ts'
import { recordEvent, succeedRun } from '../../store/runs.ts'
import { advanceSlice, type ClaimedSlice } from '../../store/slices.ts'
import { type StagedLoading, stages } from '../loaders/capabilities.ts'
import { foreign } from '../validation/quoting.ts'
import { closeEntries } from './close-entries.ts'
import { lockRunning } from './commit.ts'
import { checkGate } from './gate.ts'
import { judgeObservations } from './observations.ts'
import { reapplyBatch } from './reapply.ts'
import type { Work } from './work.ts'

/** Finishes the run within `transaction`. Throws QualityGate, RemovalRefused, Overtaken, Unbalanced; then nothing of it has happened. */
export async function finishRun(work: Work, transaction: Transaction, claim: ClaimedSlice): Promise<void> {
  const started = performance.now()
  const { id } = work.run
  const publishing = publishingOf(work.commit)
  const held = await lockDestination(transaction, work.run, publishing.lock)
  const { batches: ordinal } = await lockRunning(transaction, claim)
  const { olderRunOpen } = await checkOrder(transaction, work.run, held)
  const { counts, overwrote } = await runTotals(transaction, id)
  checkGate(work.run.spec.quality, counts)
  const { reapply, supersededUnchanged } = await judgeObservations({
    ...(await countKeys(transaction, id)),
    batches: (kind) => batchesWithKeys(transaction, id, kind),
  })
  for (const batch of reapply) await reapplyBatch(work, transaction, batch)
  await closeEntries(work, transaction)
  const { removed = 0, ...published } = await publish(work, transaction, { ...publishing, olderRunOpen, held })
  const corrections = {
    loaded: published.loaded - overwrote,
    unchanged: published.unchanged - supersededUnchanged,
    superseded: published.superseded + overwrote + supersededUnchanged,
    removed,
  }
  await recordCorrections(work, transaction, { claim, ordinal }, corrections, performance.now() - started)
  await forgetKeys(transaction, id)
  await advanceSlice(transaction, claim, { records: 0, done: true })
  await succeedRun(transaction, id)
}

type Publishing = ReturnType<StagedLoading<unknown>['publishing']>

/** How the run is published; a loader that does not say so publishes rows among those of other runs. */
export function publishingOf({ loader, plan }: Pick<Work['commit'], 'loader' | 'plan'>): Publishing {
  return stages(loader) ? loader.publishing(plan) : { lock: 'shared', whole: false }
}

/** What the run holds, and what the order of runs means for it. */
type Order = Publishing & { held: HeldDestinations; olderRunOpen: boolean }

async function publish(work: Work, transaction: Transaction, { whole, held, olderRunOpen }: Order): Promise<PublishCounts> {
  const { loader, run, plan } = work.commit
  const { spec, allowRemoval } = work.run
  const publication = {
    rejectedKeys: () => rejectedKeys(transaction, run.id),
    olderRunOpen,
    newerRun: whole ? await newerRun(transaction, work.run, held) : undefined,
    maxRemovedRatio: allowRemoval ? 1 : Number(spec.quality?.maxRemovedRatio ?? defaults.quality.maxRemovedRatio),
  }
  const publishing = () => loader.publish(run, transaction, plan, publication)
  const published = stages(loader) ? await publishing() : await foreign(publishing)
  if (whole) await recordWhole(transaction, work.run)
  const { removed = 0 } = published
  if (removed > 0) {
    const table = spec.destination.postgres?.table ?? 'the destination'
    await recordEvent(transaction, run.id, 'RowsRemoved', `${removed} rows of ${table} were removed, because the source no longer has them`)
  }
  return published
}

/** The finish step's own ledger row: signed corrections that add up to nothing, so that the run's totals are the ledger's sums. */
async function recordCorrections(
  work: Work,
  transaction: Transaction,
  { claim, ordinal }: { claim: ClaimedSlice; ordinal: number },
  corrections: Required<Omit<PublishCounts, 'overwrote'>>,
  loadMilliseconds: number,
): Promise<void> {
  const { loaded, unchanged, superseded, removed } = corrections
  if (loaded + unchanged + superseded !== 0) {
    const found = JSON.stringify(corrections)
    throw new HeadgateError(
      'Unbalanced',
      `run ${work.run.name}: publishing corrected the counts by ${found}, which do not add up to 0; this is a defect, please report it`,
    )
  }
  await recordBatch(transaction, {
    run: work.run.id,
    slice: claim.ordinal,
    ordinal,
    epoch: claim.epoch,
    input: claim.slice.input,
    counts: { ...noCounts, loaded, unchanged, superseded, removed },
    timings: { extract: 0, validate: 0, transform: 0, load: loadMilliseconds },
  })
}
