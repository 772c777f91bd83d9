// loadSlice: takes a claimed slice to its end, batch by batch. The next batch is made while this one commits.
import type { LoadCounts } from '../../sdk/index.ts'
import { runSoFar, sliceTotals } from '../../store/ledger.ts'
import { DestinationRefusal } from '../../store/refusal.ts'
import { type ClaimedSlice, completeSlice } from '../../store/slices.ts'
import type { SliceProgress } from '../coordination/coordination.ts'
import { encodes } from '../loaders/capabilities.ts'
import { hasSecrets } from '../validation/secrecy.ts'
import { preparedBatches } from './batches.ts'
import { commitBatch, type Load, lockRunning } from './commit.ts'
import type { PreparedBatch } from './prepared-batch.ts'
import { loadRefused } from './refused.ts'
import type { Step } from './reject-brake.ts'
import { retrying } from './retry.ts'
import { untilAborted } from './until-aborted.ts'
import type { Work } from './work.ts'

/**
 * Loads the slice from where the store says it is. After a passing failure, of the source or of the store, it goes on
 * from the last committed batch; that the answer to a COMMIT was lost makes no difference, for the slice's row tells.
 * A batch that the destination refuses is loaded again without the records in question.
 * Throws StaleEpoch when somebody else has taken the slice.
 */
export async function loadSlice(work: Work, claim: ClaimedSlice): Promise<void> {
  let commits = 0
  const attempt = async () => {
    // Read anew each time: the answer to a COMMIT that succeeded may have been lost.
    let { batches, position } = await where(work, claim)
    const progress = await progressSoFar(work, claim, batches)
    const commit: CommitNext = async (ordinal, batch, load) => {
      const counts = await work.session.transaction((transaction) => commitBatch(work.commit, transaction, claim, ordinal, batch, load))
      commits++
      addBatch(progress, batch, counts)
      work.coordination.saveProgress(work.run.name, { ...progress, ...(showsPosition(work) && batch.to !== undefined && { position: batch.to }) })
      await work.brake.note(stepOf(claim, batch), () => runSoFar(work.session, work.run.id))
    }
    for (;;) {
      const refused = await untilRefused(work, claim, position, batches, commit)
      if (refused === undefined) break
      await commit(refused.ordinal, refused.batch, loadRefused(work.source))
      ;({ batches, position } = await where(work, claim))
    }
    await work.session.transaction((transaction) => completeSlice(transaction, claim))
    work.coordination.saveProgress(work.run.name, { ...progress, done: true })
  }
  await retrying(work.retries, attempt, () => commits)
}

type CommitNext = (ordinal: number, batch: PreparedBatch, load?: Load) => Promise<void>

function where(work: Work, claim: ClaimedSlice): ReturnType<typeof lockRunning> {
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

function stepOf({ slice: { leastRecordBytes = Infinity } }: ClaimedSlice, { rejected, read, span }: PreparedBatch): Step {
  return { rejected: rejected.length, ruledOut: Math.max(0, span / leastRecordBytes - read) }
}

type Refused = { ordinal: number; batch: PreparedBatch }

/** Commits batch after batch; returns the one that the destination refuses, with nothing being read any more. */
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

/** A position of a file is an offset; one that a plugin makes may be a value of the last record. */
function showsPosition({ run: { spec } }: Work): boolean {
  return spec.source.plugin === undefined || !hasSecrets(spec.schema)
}

/** What has been committed of the slice, by this worker and those before it. */
async function progressSoFar(work: Work, claim: ClaimedSlice, batches: number): Promise<SliceProgress> {
  const slice = { slice: claim.ordinal, earlier: claim.records }
  if (batches === 0) return { ...slice, read: 0, loaded: 0, unchanged: 0, superseded: 0, quarantined: 0, bytes: 0 }
  const { counts, bytes } = await sliceTotals(work.session, work.run.id, claim.ordinal)
  const { read, loaded, unchanged, superseded } = counts
  return { ...slice, read, loaded, unchanged, superseded, quarantined: counts.quarantined + counts.parked, bytes }
}

/** Hands each batch to `committed` while the one after it is being made, until there is none or it returns false. */
async function eachBatch(
  work: Work,
  claim: ClaimedSlice,
  from: ClaimedSlice['position'],
  committed: (batch: PreparedBatch) => Promise<boolean>,
): Promise<void> {
  const batches = preparedBatches(work.source, claim.slice, from)
  try {
    let next = batches.next()
    for (;;) {
      const current = await untilAborted(work.retries.signal, next)
      if (current.done) return
      next = batches.next()
      // Its failure is met when it is awaited; until then it must not count as unhandled.
      next.catch(() => {})
      if (!(await committed(current.value))) return
    }
  } finally {
    const closed = batches.return(undefined).catch(() => {})
    // A source that does not answer must not keep the slice from being given back.
    if (!work.retries.signal.aborted) await closed
  }
}
