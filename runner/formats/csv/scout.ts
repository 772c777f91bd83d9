// Scout: looks ahead in an input, in bounded memory, for how a record ends that does not end in what is in memory. It has a
// stream of its own, so that the reader need not go back. Used by blocks.
import { createHash } from 'node:crypto'
import type { Bytes } from '../../content/bytes.ts'
import { type Dialect, lookahead } from './dialect.ts'
import type { Verdict } from './framer.ts'
import { InputWindow } from './input-window.ts'
import { Recovery } from './recovery.ts'

const blockBytes = 1 << 17
/** Beyond this distance an input is opened anew where that is cheap. */
const farBytes = 4 << 20

export class Scout {
  readonly #open: (offset: number) => Bytes
  readonly #seekable: boolean
  readonly #recovery: Recovery
  readonly #ahead: number
  #window: InputWindow | undefined

  /** `open` gives the input from an offset on, as the reader sees it; `seekable` if that costs nothing. */
  constructor(open: (offset: number) => Bytes, dialect: Dialect, seekable: boolean) {
    this.#open = open
    this.#seekable = seekable
    this.#recovery = new Recovery(dialect)
    this.#ahead = lookahead(dialect)
  }

  /** Judges the record that begins at `offset`. */
  async judge(offset: number): Promise<Verdict> {
    const recovery = this.#recovery
    const window = await this.#windowAt(offset)
    const hash = createHash('sha256')
    recovery.begin()
    for (;;) {
      const stop = window.last ? window.size : Math.max(window.position, window.size - this.#ahead)
      const reached = recovery.follow(window.bytes, window.position, stop, window.size, window.origin)
      hash.update(window.bytes.subarray(window.position, Math.min(reached, recovery.end - window.origin)))
      window.position = reached
      if (recovery.resume < 0 && window.last) recovery.finish(window.origin + window.size)
      if (recovery.resume >= 0) break
      await window.refillInPlace()
    }
    const { resume, irregular, end } = recovery
    return { at: offset, resume, valid: irregular ? undefined : { length: end - offset, digest: hash.digest('hex') } }
  }

  async close(): Promise<void> {
    await this.#window?.close()
  }

  async #windowAt(offset: number): Promise<InputWindow> {
    const present = this.#window
    const near = present !== undefined && offset >= present.origin && (!this.#seekable || offset - present.origin < farBytes)
    if (!near) {
      await present?.close()
      this.#window = new InputWindow(this.#open(offset), offset, blockBytes)
    }
    const window = this.#window as InputWindow
    await window.moveTo(offset)
    return window
  }
}
