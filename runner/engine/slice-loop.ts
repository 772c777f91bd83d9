// loadSlice: reads and commits a claimed slice, batch by batch. The next batch is prepared while the current one commits. Called by the
// worker's loop.
import type { LoadCounts } from '../../sdk/index.ts'
import { runSoFar, sliceTotals } from '../../store/ledger.ts'
import { DestinationRefusal } from '../../store/refusal.ts'
import { type ClaimedSlice, completeSlice } from '../../store/slices.ts'
import type { SliceProgress } from '../coordination/coordination.ts'
import { encodes } from '../loaders/capabilities.ts'
import { retrying } from '../retry.ts'
import { hasSecrets } from '../validation/secrecy.ts'
import { preparedBatches } from './batches.ts'
import { commitBatch, type Load, lockRunning } from './commit.ts'
import type { PreparedBatch } from './prepared-batch.ts'
import { loadRefused } from './refused.ts'
import type { BatchEffect } from './reject-brake.ts'
import { untilAborted } from './until-aborted.ts'
import type { Work } from './work.ts'

/**
 * Loads the slice from the position in the store. After a retryable failure of the source or the store, continues after the last committed
 * batch. A lost response to a COMMIT does no harm, because the position is read from the slice's row. A batch that the destination refuses
 * is loaded again without the refused records. Throws StaleEpoch if another worker has taken over the slice.
 */
export async function loadSlice(work: Work, claim: ClaimedSlice): Promise<void> {
  let commits = 0
  const attempt = async () => {
    // Read for each attempt, because the response to a successful COMMIT may have been lost.
    let { batches, position } = await lockedSlice(work, claim)
    const progress = await progressSoFar(work, claim, batches)
    const commit: CommitNext = async (ordinal, batch, load) => {
      const counts = await work.session.transaction((transaction) => commitBatch(work.commit, transaction, claim, ordinal, batch, load))
      commits++
      addBatch(progress, batch, counts)
      work.coordination.saveProgress(work.run.name, { ...progress, ...(showsPosition(work) && batch.to !== undefined && { position: batch.to }) })
      await work.brake.record(effectOf(claim, batch), () => runSoFar(work.session, work.run.id))
    }
    for (;;) {
      const refused = await untilRefused(work, claim, position, batches, commit)
      if (refused === undefined) break
      await commit(refused.ordinal, refused.batch, loadRefused(work.source))
      ;({ batches, position } = await lockedSlice(work, claim))
    }
    await work.session.transaction((transaction) => completeSlice(transaction, claim))
    work.coordination.saveProgress(work.run.name, { ...progress, done: true })
  }
  await retrying(work.retries, attempt, () => commits)
}

type CommitNext = (ordinal: number, batch: PreparedBatch, load?: Load) => Promise<void>

function lockedSlice(work: Work, claim: ClaimedSlice): ReturnType<typeof lockRunning> {
  return work.session.transaction((transaction) => lockRunning(transaction, claim))
}

function addBatch(progress: SliceProgress, batch: PreparedBatch, counts: LoadCounts): void {
  progress.read += batch.read
  progress.loaded += counts.loaded
  progress.unchanged += counts.unchanged
  progress.superseded = (progress.superseded ?? 0) + counts.superseded
  progress.quarantined += batch.rejected.length
  progress.bytes += batch.span
}

function effectOf({ slice: { leastRecordBytes = Infinity } }: ClaimedSlice, { rejected, read, span }: PreparedBatch): BatchEffect {
  return { rejected: rejected.length, ruledOut: Math.max(0, span / leastRecordBytes - read) }
}

type Refused = { ordinal: number; batch: PreparedBatch }

/** Commits batches until the destination refuses one. Returns that batch, after reading has stopped; undefined at the end of the slice. */
async function untilRefused(work: Work, claim: ClaimedSlice, from: ClaimedSlice['position'], first: number, commit: CommitNext): Promise<Refused | undefined> {
  let refused: Refused | undefined
  let ordinal = first
  await eachBatch(work, claim, from, async (batch) => {
    try {
      await commit(ordinal, batch)
      ordinal++
      return true
    } catch (error) {
      if (!(error instanceof DestinationRefusal && encodes(work.assembly.loader))) throw error
      refused = { ordinal, batch }
      return false
    }
  })
  return refused
}

/** Whether positions may be published: those of files are offsets, but a plugin's position may be a sensitive value of the last record. */
function showsPosition({ run: { spec } }: Work): boolean {
  return spec.source.plugin === undefined || !hasSecrets(spec.schema)
}

/** Counts of the slice that this worker and earlier ones have committed. */
async function progressSoFar(work: Work, claim: ClaimedSlice, batches: number): Promise<SliceProgress> {
  const slice = { slice: claim.ordinal, earlier: claim.records }
  if (batches === 0) return { ...slice, read: 0, loaded: 0, unchanged: 0, superseded: 0, quarantined: 0, bytes: 0 }
  const { counts, bytes } = await sliceTotals(work.session, work.run.id, claim.ordinal)
  const { read, loaded, unchanged, superseded } = counts
  return { ...slice, read, loaded, unchanged, superseded, quarantined: counts.quarantined + counts.parked, bytes }
}

/** Calls `commit` with each batch while the next one is being prepared, until no batch is left or `commit` returns false. */
async function eachBatch(work: Work, claim: ClaimedSlice, from: ClaimedSlice['position'], commit: (batch: PreparedBatch) => Promise<boolean>): Promise<void> {
  const batches = preparedBatches(work.source, claim.slice, from)
  try {
    let next = batches.next()
    for (;;) {
      const current = await untilAborted(work.retries.signal, next)
      if (current.done) return
      next = batches.next()
      // A failure is handled when `next` is awaited; until then Node must not report it as unhandled.
      next.catch(() => {})
      if (!(await commit(current.value))) return
    }
  } finally {
    const closed = batches.return(undefined).catch(() => {})
    // On an abort, a source that does not respond must not delay the release of the slice.
    if (!work.retries.signal.aborted) await closed
  }
}
