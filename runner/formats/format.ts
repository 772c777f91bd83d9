// Format: the half of an Extractor that turns bytes into batches. Combined with any Source by SourceExtractor.
import type { Position, RecordBatch, Slice } from '../../sdk/index.ts'

/** The bytes of one input, as a Source gives them, before decompression and decoding. */
export interface Content {
  /** What people call the input: a file name, a URL without credentials. */
  readonly name: string
  /** Size in bytes if known. */
  readonly size: number | undefined
  /** Bytes from `offset` on. A chunk is valid until the next one is asked for. Leaving the loop early closes the input. */
  open(offset: number): AsyncIterable<Buffer>
}

/** Part of an input that can be read alone; offsets in the input's bytes. No `end` means up to the input's end. */
export type Range = { start: number; end: number | null }

/**
 * What an input says of its records before they are read. No `fields` if it has no bytes, which makes it a delivery of no records. No
 * `leastRecordBytes` if records are not framed on the input's own bytes: compressed, or in another encoding.
 */
export type Outline = Pick<Slice, 'fields' | 'leastRecordBytes'>

export interface Format {
  outline(content: Content): Promise<Outline>

  /**
   * Cuts an input into ranges of about `targetBytes` that give, one after the other, the same records as the whole.
   * One range for what cannot be split (compressed, nested) or need not be (`targetBytes` undefined).
   */
  plan(content: Content, targetBytes: number | undefined): Promise<Range[]>

  /**
   * Records of a range in source order, at most `batchSize` in a batch; `from` is a batch's `next`. A batch is valid until
   * the next one is asked for.
   */
  read(content: Content, range: Range, from: Position | undefined, batchSize: number): AsyncIterable<RecordBatch>
}
