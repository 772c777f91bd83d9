// Head: the first bytes of a stream that stays open, so that a reader can go on behind them without another request. Used by Content.
import type { Bytes } from './bytes.ts'

const none: Buffer = Buffer.alloc(0)

export class Head {
  /** A copy of the first bytes. */
  bytes = none
  /** Whether the stream has no bytes behind `bytes`. */
  whole = false
  readonly #open: () => AsyncGenerator<Buffer>
  /** Stands behind `bytes` and `#rest`. */
  #stream: AsyncGenerator<Buffer> | undefined
  /** The unread part of the stream's last chunk. It stays valid because no further chunk is read. */
  #rest = none

  constructor(open: () => AsyncGenerator<Buffer>) {
    this.#open = open
  }

  /** Reads until `bytes` has `length` bytes or is whole. Opens the stream anew if a reader took it or it failed. */
  async extend(length: number): Promise<void> {
    if (this.whole || this.bytes.length >= length) return
    const stream = this.#stream ?? this.#begin()
    const head = Buffer.allocUnsafe(length)
    let size = this.bytes.copy(head)
    while (size < length && !this.whole) {
      if (this.#rest.length === 0) await this.#next(stream)
      const copied = this.#rest.copy(head, size)
      this.#rest = this.#rest.subarray(copied)
      size += copied
    }
    this.bytes = head.subarray(0, size)
  }

  /** The stream from its first byte on, undefined if none is open. The caller owns and closes it; `bytes` stay. */
  take(): Bytes | undefined {
    const stream = this.#stream
    if (stream === undefined) return undefined
    const before = [this.bytes, this.#rest]
    this.#stream = undefined
    this.#rest = none
    return replayed(before, stream)
  }

  /** Closes the stream; `bytes` stay. */
  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    this.#rest = none
    await stream?.return(undefined)
  }

  async #next(stream: AsyncGenerator<Buffer>): Promise<void> {
    try {
      const next = await stream.next()
      if (next.done !== true) {
        this.#rest = next.value
        return
      }
      this.whole = true
      this.#stream = undefined
    } catch (error) {
      this.#forget()
      throw error
    }
  }

  #begin(): AsyncGenerator<Buffer> {
    this.#forget()
    this.#stream = this.#open()
    return this.#stream
  }

  #forget(): void {
    this.bytes = none
    this.#rest = none
    this.#stream = undefined
  }
}

async function* replayed(before: readonly Buffer[], stream: AsyncGenerator<Buffer>): Bytes {
  try {
    for (const bytes of before) if (bytes.length > 0) yield bytes
    yield* stream
  } finally {
    await stream.return(undefined)
  }
}
