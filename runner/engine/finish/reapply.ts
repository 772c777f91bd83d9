// reapplyBatch: applies the rows of a committed batch again, after an earlier record of the same run overwrote a row that the batch had found
// unchanged. Called by the finish step.
import { HeadgateError, type Transaction } from '../../../sdk/index.ts'
import { findBatch } from '../../../store/ledger.ts'
import { findSlice } from '../../../store/slices.ts'
import { encodes } from '../../loaders/capabilities.ts'
import { preparedBatches } from '../batches.ts'
import type { Work } from '../work.ts'

/**
 * Reads the batch again and loads it. Rows that are up to date, or that a later record has replaced, are not changed. So it does no harm to
 * apply rows needlessly, or to read records beyond the end of the batch.
 */
export async function reapplyBatch(work: Work, transaction: Transaction, which: { slice: number; ordinal: number }): Promise<void> {
  const { run, loader, plan } = work.commit
  if (!encodes(loader)) return
  const { from, last } = await findBatch(transaction, run.id, which.slice, which.ordinal)
  const slice = await findSlice(transaction, run.id, which.slice)
  if (slice === undefined) throw new HeadgateError('Internal', `run ${run.name} has no slice ${which.slice}`)
  for await (const batch of preparedBatches(work.source, slice, from)) {
    if (batch.rows === undefined) return
    await loader.reapply(batch.rows, transaction, run, { plan })
    if (batch.last >= last) return
  }
  throw new HeadgateError(
    'SourceChanged',
    `${slice.name} no longer contains the records of batch ${which.ordinal} of slice ${which.slice}; run the pipeline again`,
  )
}
