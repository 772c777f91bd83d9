// Batches: reads a range of a prepared input, block by block, one batch per block.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError, type RecordBatch } from '../../../sdk/index.ts'
import { ByteBatch } from '../../records/byte-batch.ts'
import type { Bytes } from '../byte-stream.ts'
import { isSimple } from './dialect.ts'
import { FastFramer } from './fast-framer.ts'
import { type BlockFramer, Frames, Stop } from './frames.ts'
import { GeneralFramer } from './general-framer.ts'
import { InputWindow } from './input-window.ts'
import type { PreparedInput } from './prepare.ts'
import { RecordParser } from './records.ts'
import { seekLineEnd } from './seek.ts'
import { TranscodedBatch } from './transcoded-batch.ts'

/** Records of `stream`, whose first byte has the offset `origin` and starts a record. */
export async function* batches(input: PreparedInput, config: CsvConfig, stream: Bytes, origin: number, blockBytes: number): AsyncIterable<RecordBatch> {
  const framer: BlockFramer = isSimple(input.dialect) ? new FastFramer(input.dialect) : new GeneralFramer(input.dialect)
  const window = new InputWindow(stream, origin, blockBytes)
  const make = batchMaker(input, config)
  const turns = [new Frames(input.fields.length), new Frames(input.fields.length)] as const
  let turn = 0
  try {
    await window.refill()
    for (;;) {
      const frames = turns[turn] as Frames
      frames.size = 0
      const { bytes, origin: batchOrigin } = window
      const stop = framer.frame(window, frames)
      if (stop === Stop.Seek) await seekLineEnd(window, input.dialect)
      if (frames.size > 0) {
        yield make(frames, bytes, batchOrigin, window.origin + window.position)
        turn = 1 - turn
      }
      if (stop !== Stop.More) continue
      if (window.last) break
      await window.refill()
    }
    if (window.position < window.size) throw new HeadgateError('Internal', `${input.name}: bytes after offset ${window.origin + window.position} were not framed`)
  } finally {
    await window.close()
  }
}

type BatchMaker = (frames: Frames, bytes: Buffer, origin: number, next: number) => RecordBatch

function batchMaker(input: PreparedInput, config: CsvConfig): BatchMaker {
  const { encoding, fields } = input
  const parser = new RecordParser(config, input.dialect, encoding, fields)
  const parse = parser.parse.bind(parser)
  return (frames, bytes, origin, next) => {
    const { size, width, cells, rows, plain } = frames
    const parts = { bytes, size, width, cells, rows, plain, rules: parser.rules, fields, next, origin, parse }
    return encoding.transcode === undefined ? new ByteBatch(parts) : new TranscodedBatch(parts, encoding.original)
  }
}
