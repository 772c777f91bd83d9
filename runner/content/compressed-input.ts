// CompressedInput: a stream that decoders take chunks from and give back what they did not use.
import type { Bytes } from './bytes.ts'

export class CompressedInput {
  /** Bytes that decoders have used. */
  consumed = 0
  readonly #chunks: AsyncIterator<Buffer>
  #returned: Buffer = Buffer.alloc(0)

  constructor(stream: Bytes) {
    this.#chunks = stream[Symbol.asyncIterator]()
  }

  /** The next bytes, in a buffer of their own; undefined at the end. */
  async take(): Promise<Buffer | undefined> {
    if (this.#returned.length > 0) {
      const chunk = this.#returned
      this.#returned = Buffer.alloc(0)
      return chunk
    }
    const next = await this.#chunks.next()
    return next.done === true ? undefined : Buffer.from(next.value)
  }

  giveBack(bytes: Buffer): void {
    this.#returned = Buffer.concat([bytes, this.#returned])
  }

  /** The next `length` bytes without taking them; fewer at the end. */
  async peek(length: number): Promise<Buffer> {
    while (this.#returned.length < length) {
      const next = await this.#chunks.next()
      if (next.done === true) break
      this.#returned = Buffer.concat([this.#returned, next.value])
    }
    return this.#returned.subarray(0, length)
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
