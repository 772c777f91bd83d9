// Blocks: the loop over an input that reads a window and lets a framer find the records in it.
import type { Position } from '../../../sdk/index.ts'
import { ByteWindow } from '../../content/byte-window.ts'
import type { Bytes } from '../../content/bytes.ts'
import { Frames } from '../../records/frames.ts'

/** The part of an input that is in memory. The byte behind the last one is U+0000. */
export type JsonWindow = Pick<ByteWindow, 'bytes' | 'position' | 'size' | 'last' | 'origin'>

/** `More`: no whole record is left in the window. `Full`: no room in frames. `SeekLine`: go on behind the next line feed. */
export const Stop = { More: 0, Full: 1, SeekLine: 2 } as const
export type Stop = (typeof Stop)[keyof typeof Stop]

export interface Framer {
  /** Frames as many records of the window as it can and moves `position` behind them. Says why it stopped. */
  frame(window: JsonWindow, frames: Frames): Stop
  /** The position that continues behind the records framed so far, at `offset`. */
  position(offset: number): Position
  /** Called when the input has ended. Throws if it must not end here. */
  end(offset: number): void
}

/** Records that were framed together. Valid until the next block is requested. */
export type Block = { bytes: Buffer; origin: number; frames: Frames; next: Position }

export type BlockOptions = { framer: Framer; width: number; blockBytes: number; batchSize: number }

/** `stream` begins at `offset`. */
export async function* blocks(stream: Bytes, offset: number, { framer, width, blockBytes, batchSize }: BlockOptions): AsyncIterable<Block> {
  const window = new ByteWindow(stream, offset, blockBytes)
  const mostRecords = Math.min(batchSize, blockBytes + 1)
  let [frames, other] = [new Frames(width, mostRecords), new Frames(width, mostRecords)]
  try {
    await window.refill()
    for (;;) {
      frames.clear()
      const { bytes, origin } = window
      bytes[window.size] = 0
      const stop = framer.frame(window, frames)
      if (stop === Stop.SeekLine) await seekLine(window)
      if (frames.size > 0) {
        yield { bytes, origin, frames, next: framer.position(window.origin + window.position) }
        ;[frames, other] = [other, frames]
      }
      if (stop !== Stop.More) continue
      if (window.last) break
      await window.refill()
    }
    framer.end(window.origin + window.position)
  } finally {
    await window.close()
  }
}

/** Moves the position to the next line feed, however far it is, without touching the buffer it was called with. */
async function seekLine(window: ByteWindow): Promise<void> {
  for (let moved = false; ; moved = true) {
    const found = window.bytes.indexOf(0x0a, window.position)
    const ends = found >= 0 && found < window.size
    window.position = ends ? found : window.size
    if (ends || window.last) return
    if (moved) await window.refillInPlace()
    else await window.refill()
  }
}
