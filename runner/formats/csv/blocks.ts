// Blocks: the loop over an input that reads, frames and recovers; for batches, and for finding places to cut.
import { HeadgateError } from '../../../sdk/index.ts'
import type { Bytes } from '../byte-stream.ts'
import { type Dialect, isSimple } from './dialect.ts'
import { FastFramer } from './fast-framer.ts'
import { type BlockFramer, Frames, Stop } from './frames.ts'
import { GeneralFramer } from './general-framer.ts'
import { InputWindow } from './input-window.ts'
import { seekLineEnd } from './seek.ts'

/** Records that were framed together. Valid until the next block is asked for. */
export type Block = {
  bytes: Buffer
  /** Offset of `bytes[0]` in the input. */
  origin: number
  frames: Frames
  /** Offset from which on the next records are looked for. */
  next: number
}

export type BlockOptions = { dialect: Dialect; width: number; blockBytes: number; batchSize?: number; framer?: BlockFramer }

/** The records of `stream`, whose first byte has the offset `origin` and starts a record. */
export async function* blocks(stream: Bytes, origin: number, options: BlockOptions): AsyncIterable<Block> {
  const { dialect, width } = options
  const framer = options.framer ?? framerFor(dialect)
  const window = new InputWindow(stream, origin, options.blockBytes)
  let [frames, other] = [new Frames(width, options.batchSize), new Frames(width, options.batchSize)]
  try {
    await window.refill()
    for (;;) {
      frames.size = 0
      const { bytes, origin: start } = window
      const stop = framer.frame(window, frames)
      if (stop === Stop.Seek) await seekLineEnd(window, dialect)
      if (frames.size > 0) {
        yield { bytes, origin: start, frames, next: window.origin + window.position }
        ;[frames, other] = [other, frames]
      }
      if (stop !== Stop.More) continue
      if (window.last) break
      await window.refill()
    }
    if (window.position < window.size) throw new HeadgateError('Internal', `bytes after offset ${window.origin + window.position} were not framed`)
  } finally {
    await window.close()
  }
}

function framerFor(dialect: Dialect): BlockFramer {
  return isSimple(dialect) ? new FastFramer(dialect) : new GeneralFramer(dialect)
}
