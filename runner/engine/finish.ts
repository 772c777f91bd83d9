// finishRun: the run's last transaction. Gate, order hazards, publish, totals: all or nothing. Called by the worker that claims the finish slice.
import { HeadgateError, type LoadCounts, type Transaction } from '../../sdk/index.ts'
import { noCounts } from '../../store/counts.ts'
import { batchesWithKeys, countKeys, forgetKeys, recordBatch, runTotals } from '../../store/ledger.ts'
import { rejectedKeys } from '../../store/rejected-keys.ts'
import { succeedRun } from '../../store/runs.ts'
import { advanceSlice, type ClaimedSlice } from '../../store/slices.ts'
import { PostgresLoader } from '../loaders/postgres/loader.ts'
import { closeEntries } from './close-entries.ts'
import { lockRunning } from './commit.ts'
import { checkGate } from './gate.ts'
import { judgeObservations } from './observations.ts'
import { reapplyBatch } from './reapply.ts'
import type { Work } from './work.ts'

/** Finishes the run within `transaction`. Throws QualityGate, Unbalanced; then nothing of it has happened. */
export async function finishRun(work: Work, transaction: Transaction, claim: ClaimedSlice): Promise<void> {
  const started = performance.now()
  const { id } = work.run
  await lockRunning(transaction, claim)
  const { counts, overwrote } = await runTotals(transaction, id)
  checkGate(work.run.spec.quality, counts)
  const { reapply, supersededUnchanged } = await judgeObservations({
    ...(await countKeys(transaction, id)),
    batches: (kind) => batchesWithKeys(transaction, id, kind),
  })
  for (const batch of reapply) await reapplyBatch(work, transaction, batch)
  await closeEntries(work, transaction)
  const published = await publish(work, transaction)
  const corrections = {
    loaded: published.loaded - overwrote,
    unchanged: published.unchanged - supersededUnchanged,
    superseded: published.superseded + overwrote + supersededUnchanged,
  }
  await recordCorrections(work, transaction, claim, corrections, performance.now() - started)
  await forgetKeys(transaction, id)
  await advanceSlice(transaction, claim, { records: 0, done: true })
  await succeedRun(transaction, id)
}

async function publish({ commit: { loader, run, plan } }: Work, transaction: Transaction): Promise<LoadCounts> {
  if (!(loader instanceof PostgresLoader) || plan === null) return loader.publish(run, transaction)
  return loader.publishPlanned(run, transaction, { plan, rejectedKeys: () => rejectedKeys(transaction, run.id) })
}

/** The finish step's own ledger row: signed corrections that add up to nothing, so that the run's totals are the ledger's sums. */
async function recordCorrections(work: Work, transaction: Transaction, claim: ClaimedSlice, corrections: LoadCounts, loadMilliseconds: number): Promise<void> {
  const { loaded, unchanged, superseded } = corrections
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
    ordinal: 0,
    epoch: claim.epoch,
    input: claim.slice.input,
    counts: { ...noCounts, loaded, unchanged, superseded },
    timings: { extract: 0, validate: 0, transform: 0, load: loadMilliseconds },
  })
}
