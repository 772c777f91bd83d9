// Format: the half of an Extractor that turns bytes into batches. Combined with any Source by SourceExtractor.
import type { Field } from '../../crds/fields.ts'
import type { Position, RecordBatch, RunContext, Slice } from '../../sdk/index.ts'
import type { Content } from '../content/content.ts'

/** Part of an input that can be read alone; offsets in the input's bytes. No `end` means up to the input's end. */
export type Range = { start: number; end: number | null }

/**
 * What is known of an input before its records are read. `fields` only if the input names its fields itself, as a header does. No
 * `leastRecordBytes` if records are not framed on the input's own bytes: compressed, or in another encoding.
 */
export type InputPlan = Pick<Slice, 'fields' | 'leastRecordBytes'> & {
  /** Whether the input has no bytes, which makes it a delivery of no records. */
  empty: boolean
  /** Give, one after the other, the same records as the whole input. */
  ranges: Range[]
}

/** A declared field, by its name in the source. */
export type SourceField = Pick<Field, 'name' | 'type'>

/**
 * A format may wrap the Content (`decompressed`, `textInput`) and closes nothing: SourceExtractor closes the Content, and with it everything
 * that was made of it. Check `run.signal` in loops that yield nothing for long, and report what concerns the whole input with `run.warn`.
 * Throw HeadgateErrors; a bad record is a problem of its batch.
 */
export interface Format {
  /**
   * Looks at an input once, when the run is planned. Cuts it into ranges of about `targetBytes`; into one if it cannot be split (compressed,
   * nested) or need not be (`targetBytes` undefined).
   */
  plan(content: Content, targetBytes: number | undefined, run: RunContext): Promise<InputPlan>

  /**
   * Records of a range in source order, at most `run.batchSize` in a batch, from `from` on, the `next` of a batch. A batch is valid until
   * the next one is requested. Throws InvalidPosition if this format did not make `from` for a place in the range.
   */
  read(content: Content, range: Range, from: Position | undefined, run: RunContext): AsyncIterable<RecordBatch>
}
