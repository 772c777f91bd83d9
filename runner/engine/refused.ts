// loadRefused: loads a batch that the destination refused, without the refused records. Called by the slice loop.
import { HeadgateError, type Position, type RecordError, type Slice } from '../../sdk/index.ts'
import { recordOrder } from '../../sdk/record-order.ts'
import { encodes } from '../loaders/capabilities.ts'
import type { RejectedRecord } from '../records/program.ts'
import { type BatchSource, inputOf } from './batches.ts'
import type { Load } from './commit.ts'

/**
 * Loads the batch without the refused records and rejects these. The raw bytes of accepted records are not kept, so the batch is read again
 * to get those of the refused ones; only refused batches pay for that. `source` must not be in use by another reader.
 */
export function loadRefused(source: BatchSource): Load {
  return async ({ loader, run, plan, keys }, transaction, batch, rewriteUnchanged, claim) => {
    const { rows } = batch
    if (rows === undefined || !encodes(loader)) throw new HeadgateError('Internal', 'only encoded rows can be refused')
    const how = { plan, keepKeys: keys.batch !== undefined, rewriteUnchanged }
    const { counts, refused } = await loader.loadCarefully(rows, transaction, run, how)
    const errors = new Map(refused.map(({ index, error }) => [rows.recordOrder(index), [error]]))
    batch.rejected.push(...(await evidence(source, claim.slice, batch, errors)))
    // If one row of a record is refused, all rows made from that record are.
    const refusedRows = rows.size - counts.loaded - counts.unchanged - counts.superseded
    batch.derived -= refusedRows - refused.length
    return counts
  }
}

/** Reads a batch again and returns the records whose `_pos` is in `errors`. Throws SourceChanged if one of them is no longer in the source. */
export async function evidence(
  source: BatchSource,
  slice: Slice,
  batch: { from: Position | undefined; last: bigint },
  errors: ReadonlyMap<bigint, RecordError[]>,
): Promise<(RejectedRecord & { input: number })[]> {
  const found: (RejectedRecord & { input: number })[] = []
  if (errors.size === 0) return found
  for await (const read of source.extractor.read(slice, batch.from, source.run)) {
    const input = inputOf(read, slice)
    for (let index = 0; index < read.size; index++) {
      const wrong = errors.get(recordOrder(input, read.order(index)))
      if (wrong !== undefined) found.push({ input, ...source.program.evidence(read, index, wrong) })
    }
    if (found.length === errors.size) return found
    if (read.size > 0 && recordOrder(input, read.order(read.size - 1)) >= batch.last) break
  }
  const [first] = errors.values()
  throw new HeadgateError(
    'SourceChanged',
    `${slice.name} no longer contains a record that the destination refused (${first?.[0]?.message}); run the pipeline again`,
  )
}
