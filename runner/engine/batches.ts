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
  /** Whether rows are encoded for COPY, or handed over as records. */
  encoded: boolean
  /** Lets the commit that is under way ask its short questions before the next block is worked on. */
  priority: QueryPriority
}

/**
 * Yields the slice's batches from `from` on. Two PreparedBatches take turns: one may be committed while the next is
 * being filled, so a batch is valid until the one after the next is asked for.
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

/** Ordinal of the input that the records are of. Throws InvalidPlan if it is none of the slice's. */
export function inputOf({ input }: RecordBatch, { input: first, name, inputs = [name] }: Slice): number {
  if (input === undefined) return first
  if (Number.isSafeInteger(input) && input >= first && input < first + inputs.length) return input
  throw new HeadgateError(
    'InvalidPlan',
    `a batch of slice ${name} says that its records are of input ${input}; the slice has ${inputs.length}, from ${first} on`,
  )
}
