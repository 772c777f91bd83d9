// Blocks: the loop over an input that reads, frames and recovers; for batches, and for finding places to cut.
import { HeadgateError } from '../../../sdk/index.ts'
import type { Bytes } from '../../content/bytes.ts'
import { Frames } from '../../records/frames.ts'
import { type Dialect, isSimple } from './dialect.ts'
import { FastFramer } from './fast-framer.ts'
import { type BlockFramer, Stop } from './framer.ts'
import { GeneralFramer } from './general-framer.ts'
import { InputWindow } from './input-window.ts'
import { Scout } from './scout.ts'
import { seekLineEnd, skipTo } from './seek.ts'

/** Records that were framed together. Valid until the next block is requested. */
export type Block = {
  bytes: Buffer
  /** Offset of `bytes[0]` in the input. */
  origin: number
  frames: Frames
  /** Where the next records are looked for. */
  next: CsvPosition
}

/** An offset; within lines that a malformed record made unreadable, also the end of these lines. */
export type CsvPosition = number | { offset: number; lostUntil: number }

export type BlockOptions = { dialect: Dialect; width: number; blockBytes: number; batchSize?: number; framer?: BlockFramer; seekable?: boolean }

/** The records of an input from a position on; `open` gives its bytes from an offset on. */
export async function* blocks(open: (offset: number) => Bytes, from: CsvPosition, options: BlockOptions): AsyncIterable<Block> {
  const { dialect, width } = options
  const framer = options.framer ?? framerFor(dialect)
  const { offset, lostUntil } = typeof from === 'number' ? { offset: from, lostUntil: 0 } : from
  const window = new InputWindow(open(offset), offset, options.blockBytes)
  window.lostUntil = lostUntil
  const scout = new Scout(open, dialect, options.seekable === true)
  // A record takes a byte and its line end at least, and a window has twice the bytes of a block.
  const mostRecords = Math.min(options.batchSize ?? Infinity, options.blockBytes + 1)
  let [frames, other] = [new Frames(width, mostRecords), new Frames(width, mostRecords)]
  try {
    await window.refill()
    for (;;) {
      frames.clear()
      const { bytes, origin: start } = window
      const stop = framer.frame(window, frames)
      if (stop === Stop.Seek) await seekLineEnd(window, dialect)
      if (stop === Stop.Skip) await skipTo(window, window.target)
      if (stop === Stop.Scout) window.verdict = await scout.judge(window.origin + window.position)
      if (frames.size > 0) {
        yield { bytes, origin: start, frames, next: positionOf(window) }
        ;[frames, other] = [other, frames]
      }
      if (stop !== Stop.More) continue
      if (window.last) break
      await window.refill()
    }
    if (window.position < window.size) throw new HeadgateError('Internal', `bytes after offset ${window.origin + window.position} were not framed`)
  } finally {
    await Promise.all([window.close(), scout.close()])
  }
}

function positionOf({ origin, position, lostUntil }: InputWindow): CsvPosition {
  const offset = origin + position
  return offset < lostUntil ? { offset, lostUntil } : offset
}

function framerFor(dialect: Dialect): BlockFramer {
  return isSimple(dialect) ? new FastFramer(dialect) : new GeneralFramer(dialect)
}
