// Batches: the records of a prepared input, one batch per block.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import type { RecordBatch } from '../../../sdk/index.ts'
import type { Bytes } from '../../content/bytes.ts'
import { ByteBatch } from '../../records/byte-batch.ts'
import { doubtUndecodable } from '../../text/undecodable.ts'
import { blocks, type CsvPosition } from './blocks.ts'
import type { PreparedInput } from './prepare.ts'
import { RecordParser } from './records.ts'

/** A batch ends with the block of bytes it comes from, or sooner. */
export type BatchLimits = { blockBytes: number; batchSize: number }

export type Reading = {
  /** Gives the bytes to read from an offset on. */
  open: (offset: number) => Bytes
  from: CsvPosition
}

/** The records of a prepared input from a position on. */
export async function* batches(input: PreparedInput, config: CsvConfig, { open, from }: Reading, limits: BatchLimits): AsyncIterable<RecordBatch> {
  const { dialect, fields, header } = input
  const { encoding, content } = input.text
  const parser = new RecordParser(config, dialect, encoding, fields, header)
  const parse = parser.parse.bind(parser)
  const warn = parser.warning.bind(parser)
  const { rules } = parser
  const original = encoding.transcode === undefined ? undefined : encoding.original
  const options = { ...limits, dialect, width: fields.length, seekable: content.randomAccess }
  for await (const { frames, bytes, origin: start, next } of blocks(open, from, options)) {
    const { size, width, cells, rows, plain, notes } = frames
    doubtUndecodable(frames, bytes, encoding)
    header.doubt(frames, bytes)
    yield new ByteBatch({ bytes, size, width, cells, rows, plain, notes, rules, fields, next, origin: start, parse, warn, original })
  }
}
