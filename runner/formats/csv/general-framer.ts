// GeneralFramer: frames a block with RecordFramer, record by record. Any dialect.
import type { Dialect } from './dialect.ts'
import { type BlockFramer, type Frames, Stop, type Window } from './frames.ts'
import { Kind, RecordFramer } from './record-framer.ts'

export class GeneralFramer implements BlockFramer {
  readonly #framer: RecordFramer

  constructor(dialect: Dialect) {
    this.#framer = new RecordFramer(dialect)
  }

  frame(window: Window, frames: Frames): Stop {
    while (window.position < window.size) {
      if (frames.full) return Stop.Full
      const stop = this.step(window, frames)
      if (stop !== undefined) return stop
    }
    return Stop.More
  }

  /** Frames what stands at the window's position: a record, or something skipped. */
  step(window: Window, frames: Frames): Stop | undefined {
    const framer = this.#framer
    const { position } = window
    const { width, cells, size } = frames
    const kind = framer.frame(window.bytes, position, window.size, window.last, cells, size * 2 * width, width)
    if (kind === Kind.More) return Stop.More
    window.position = framer.next
    if (kind === Kind.LongComment) return Stop.Seek
    if (kind === Kind.Skipped) return undefined
    frames.add(position, framer.end, kind === Kind.Record && framer.exact && framer.count === width)
    return kind === Kind.TooLong ? Stop.Seek : undefined
  }
}
