// ByteWindow: the part of an input that is in memory, as a format's framer sees it. Two buffers alternate.
import type { Bytes } from './bytes.ts'

/** Room behind the data, for a framer's sentinels. */
const sentinelBytes = 2

export class ByteWindow {
  /** The buffer; the bytes in memory end at `size`. */
  bytes: Buffer
  /** Where the framer reads on; the bytes before it are dropped by the next refill. */
  position = 0
  size = 0
  /** Whether the input ends at `size`. */
  last = false
  /** Offset of `bytes[0]` in the input. */
  origin: number
  #other: Buffer
  readonly #blockBytes: number
  readonly #chunks: AsyncIterator<Buffer>
  #chunk: Buffer = Buffer.alloc(0)
  #failed = false
  #failure: unknown

  constructor(stream: Bytes, origin: number, blockBytes: number) {
    this.#chunks = stream[Symbol.asyncIterator]()
    this.origin = origin
    this.#blockBytes = blockBytes
    this.bytes = Buffer.allocUnsafeSlow(2 * blockBytes + sentinelBytes)
    this.#other = Buffer.allocUnsafeSlow(2 * blockBytes + sentinelBytes)
  }

  /** Drops the bytes before `position` and reads at least as many as remain, into the other buffer. The present buffer stays valid until the next call. */
  async refill(): Promise<void> {
    const left = this.size - this.position
    const wanted = left + Math.max(this.#blockBytes, left)
    const target = this.#other.length >= wanted + sentinelBytes ? this.#other : Buffer.allocUnsafeSlow(wanted + sentinelBytes)
    this.bytes.copy(target, 0, this.position, this.size)
    this.#other = this.bytes
    this.#moved(target, left)
    await this.#fill(wanted)
  }

  /** The same in the present buffer. */
  async refillInPlace(): Promise<void> {
    const left = this.size - this.position
    this.bytes.copyWithin(0, this.position, this.size)
    this.#moved(this.bytes, left)
    await this.#fill(Math.max(this.bytes.length - sentinelBytes, left))
  }

  /** Moves to an offset at or behind the window's beginning, in the present buffer, but not beyond the end of the input. */
  async moveTo(offset: number): Promise<void> {
    while (offset > this.origin + this.size && !this.last) {
      this.position = this.size
      await this.refillInPlace()
    }
    this.position = Math.min(offset - this.origin, this.size)
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  #moved(target: Buffer, left: number): void {
    this.bytes = target
    this.origin += this.position
    this.position = 0
    this.size = left
  }

  /** Undefined if the stream failed. Bytes read before are framed first, then the failure is thrown. */
  async #next(): Promise<IteratorResult<Buffer> | undefined> {
    if (this.#failed) throw this.#failure
    try {
      return await this.#chunks.next()
    } catch (error) {
      this.#failed = true
      this.#failure = error
      return undefined
    }
  }

  async #fill(wanted: number): Promise<void> {
    while (this.size < wanted && !this.last) {
      if (this.#chunk.length === 0) {
        const next = await this.#next()
        if (next === undefined) return
        if (next.done === true) this.last = true
        else this.#chunk = next.value
      }
      const copied = this.#chunk.copy(this.bytes, this.size, 0, wanted - this.size)
      this.size += copied
      this.#chunk = this.#chunk.subarray(copied)
    }
  }
}
