// finishRun: the run's last transaction. Gate, order hazards, publish, totals: all or nothing. Called by the worker that claims the finish slice.
import { defaults } from '../../crds/defaults.ts'
import { HeadgateError, type Transaction } from '../../sdk/index.ts'
import { noCounts } from '../../store/counts.ts'
import { batchesWithKeys, countKeys, forgetKeys, recordBatch, runTotals } from '../../store/ledger.ts'
import { rejectedKeys } from '../../store/rejected-keys.ts'
import { checkOrder, type HeldDestinations, lockDestination, newerRun, recordWhole } from '../../store/run-order.ts'
import { recordEvent, succeedRun } from '../../store/runs.ts'
import { advanceSlice, type ClaimedSlice } from '../../store/slices.ts'
import { type LoadPlan, PostgresLoader, type PublishCounts } from '../loaders/postgres/loader.ts'
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
  const { plan } = work.commit
  const held = await lockDestination(transaction, work.run, destinationLock(plan))
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
  const published = await publish(work, transaction, { olderRunOpen, held })
  const corrections = {
    loaded: published.loaded - overwrote,
    unchanged: published.unchanged - supersededUnchanged,
    superseded: published.superseded + overwrote + supersededUnchanged,
    removed: published.removed,
  }
  await recordCorrections(work, transaction, { claim, ordinal }, corrections, performance.now() - started)
  await forgetKeys(transaction, id)
  await advanceSlice(transaction, claim, { records: 0, done: true })
  await succeedRun(transaction, id)
}

/** How the destination is locked while the run is published. */
export function destinationLock(plan: LoadPlan | null): 'exclusive' | 'shared' {
  return plan?.route === 'build' || isWhole(plan) ? 'exclusive' : 'shared'
}

/** Whether the run's rows take the place of the table's, or rows are removed because the run has no more of them. */
function isWhole(plan: LoadPlan | null): boolean {
  return plan?.mode === 'Replace' || plan?.mode === 'Snapshot'
}

/** What the run holds, and what the order of runs means for it. */
type Order = { held: HeldDestinations; olderRunOpen: boolean }

async function publish(work: Work, transaction: Transaction, { held, olderRunOpen }: Order): Promise<PublishCounts> {
  const { loader, run, plan } = work.commit
  if (!(loader instanceof PostgresLoader) || plan === null) return { ...(await loader.publish(run, transaction)), removed: 0 }
  const published = await loader.publishPlanned(run, transaction, {
    plan,
    rejectedKeys: () => rejectedKeys(transaction, run.id),
    rewriteUnchanged: olderRunOpen,
    newerRun: isWhole(plan) ? await newerRun(transaction, work.run, held) : undefined,
    maxRemovedRatio: work.run.allowRemoval ? 1 : Number(work.run.spec.quality?.maxRemovedRatio ?? defaults.quality.maxRemovedRatio),
  })
  if (isWhole(plan)) await recordWhole(transaction, work.run)
  if (published.removed > 0) {
    const { schema, name } = plan.destination
    await recordEvent(transaction, run.id, 'RowsRemoved', `${published.removed} rows of ${schema}.${name} were removed, because the source no longer has them`)
  }
  return published
}

/** The finish step's own ledger row: signed corrections that add up to nothing, so that the run's totals are the ledger's sums. */
async function recordCorrections(
  work: Work,
  transaction: Transaction,
  { claim, ordinal }: { claim: ClaimedSlice; ordinal: number },
  corrections: PublishCounts,
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
