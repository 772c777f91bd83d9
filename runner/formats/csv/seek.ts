// Passes what is too long to keep: the rest of a line, or of a record.
import { type Dialect, lookahead } from './dialect.ts'
import type { InputWindow } from './input-window.ts'
import { RecordFramer } from './record-framer.ts'

/** Moves the window's position behind the next line end, however far it is, without touching the buffer it was called with. */
export async function seekLineEnd(window: InputWindow, dialect: Dialect): Promise<void> {
  const framer = new RecordFramer(dialect)
  const ahead = lookahead(dialect)
  for (let moved = false; ; moved = true) {
    const until = window.last ? window.size : Math.max(window.position, window.size - ahead)
    const end = framer.lineEnd(window.bytes, window.position, until, window.size)
    if (end >= 0) {
      window.position = end + framer.terminator(end)
      return
    }
    window.position = until
    if (window.last) return
    if (moved) await window.refillInPlace()
    else await window.refill()
  }
}

/** Moves the window's position to an offset, without touching the buffer it was called with. */
export async function skipTo(window: InputWindow, offset: number): Promise<void> {
  if (offset > window.origin + window.size) {
    window.position = window.size
    await window.refill()
  }
  await window.moveTo(offset)
}
