// preparedBatches: reads, validates, transforms and encodes a slice, batch by batch. Called by the slice loop.
import { type Extractor, HeadgateError, type Position, type RecordBatch, type RunContext, type Slice } from '../../sdk/index.ts'
import type { QueryPriority } from '../../store/query-priority.ts'
import type { RecordProgram } from '../records/program.ts'
import { PreparedBatch } from './prepared-batch.ts'

/** A batch is closed early at this size, so that memory does not grow with the width of records. */
const maxBatchBytes = 32 * 1024 * 1024

export type BatchSource = {
  extractor: Extractor
  program: RecordProgram
  run: RunContext
  /** Whether rows are encoded for COPY, or passed to the loader as records. */
  encoded: boolean
  /** Lets short queries of the concurrent commit finish before the next block is processed. */
  priority: QueryPriority
}

/**
 * Yields the slice's batches from `from` on. Two PreparedBatches alternate, so that one can be committed while the other is
 * filled. A yielded batch is valid until the second call of `next` after it.
 */
export async function* preparedBatches(source: BatchSource, slice: Slice, from: Position | undefined): AsyncGenerator<PreparedBatch> {
  const turns = [new PreparedBatch(source.encoded), new PreparedBatch(source.encoded)] as const
  let turn = 0
  let prepared = turns[0].restart(from)
  let asked = performance.now()
  for await (const batch of source.extractor.read(slice, from, source.run)) {
    prepared.timings.extract += performance.now() - asked
    if (batch.size > 0) await prepared.take(batch, inputOf(batch, slice), source.program)
    if (prepared.read >= source.run.batchSize || prepared.bytes >= maxBatchBytes) {
      yield prepared
      turn = 1 - turn
      prepared = (turns[turn] as PreparedBatch).restart(batch.next)
    }
    await source.priority.wait()
    asked = performance.now()
  }
  if (prepared.read > 0) yield prepared
}

/** Ordinal of the records' input. Throws InvalidPlan if the slice does not contain that input. */
export function inputOf({ input }: RecordBatch, { input: first, name, inputs = [name] }: Slice): number {
  if (input === undefined) return first
  if (Number.isSafeInteger(input) && input >= first && input < first + inputs.length) return input
  throw new HeadgateError(
    'InvalidPlan',
    `slice ${name} returned a batch of input ${input}, but contains ${inputs.length} inputs from ${first} on; correct the batch's input in the extractor`,
  )
}
