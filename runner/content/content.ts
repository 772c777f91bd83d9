// Content: the bytes of one input. Made by SourceExtractor over a Source, wrapped by decompression and its like, read by a Format.
import { HeadgateError, type Json } from '../../sdk/index.ts'
import { type Bytes, skipping, upTo } from './bytes.ts'
import { Head } from './head.ts'

const none: Buffer = Buffer.alloc(0)

/** Where the bytes of a Content come from: a source, or the Content that it wraps. */
export type Origin = {
  /** Whether `open` reaches any place without reading the bytes before it. */
  readonly randomAccess: boolean
  /** Exact number of bytes, if it is known before they are read. */
  readonly size?: number | undefined
  /**
   * Bytes from `start` up to `end`, exclusive, or up to the last byte. One call is one request, which is sent when the first chunk is read
   * and ends when the loop over the chunks is left. Without `randomAccess` only called with 0 and no `end`. A chunk is valid until the
   * next one is read. Throws a HeadgateError if the bytes cannot be read. Must not end early, which only a known `size` reveals.
   */
  open(start: number, end: number | undefined): Bytes
}

/**
 * Makes a Content of another one: decompresses it, decrypts it, takes a member out of an archive. A format reads the result like the
 * Content of a source. `how` is what the wrapper must know beyond the bytes: a compression, a key, the member's entry in the archive's
 * directory. The caller learns it from the `head`, by `readAt`, or when the run is planned.
 *
 * To write another one, call `content.wrap` with its origin:
 *
 *     export const decrypted: Wrapper<Key> = (content, key) =>
 *       content.wrap({ randomAccess: false, open: () => decrypting(content.open(0), key) })
 *
 * - Without random access `open` gives everything from the beginning; `Content` skips what a reader does not want.
 * - With it, `open` translates places: a stored member of an archive is `content.open(first + start, first + (end ?? size))`, and has random
 *   access if the archive has.
 * - `open` leaves its loop over `content.open` when its own is left. Nothing else is closed by a wrapper; `close` of the innermost Content closes all.
 * - Damage is `SourceCorrupt`, thrown behind the last sound byte.
 */
export type Wrapper<How> = (content: Content, how: How) => Content

/**
 * The bytes of one input, for one slice that is planned or read.
 *
 * Each `open` is a request to the source, except that the first one continues the stream that `head` has opened: reading the head, and
 * then from a place within it, costs one request with any number of wrappers. Reading from a later place costs two, the second for
 * exactly the bytes that are read. Calls may overlap.
 */
export class Content {
  /** The input's name for people: a file name, a URL without credentials. */
  readonly name: string
  /** Identity of the input in the source. A wrapper has the identity of the content that it wraps. */
  readonly identity: Json | undefined
  /** Exact number of bytes, if it is known before they are read. */
  readonly size: number | undefined
  /** Whether any place is reached without reading the bytes before it. If not, `open` reads and skips them, and `readAt` throws. */
  readonly randomAccess: boolean
  readonly #origin: Origin
  readonly #head: Head
  readonly #streams = new Set<AsyncGenerator<Buffer>>()
  readonly #wrappers: Content[] = []
  /** Ends when `#head` is free. */
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor({ name, identity, ...origin }: Origin & { name: string; identity?: Json | undefined }) {
    this.name = name
    this.identity = identity
    this.size = origin.size
    this.randomAccess = origin.randomAccess
    this.#origin = origin
    this.#head = new Head(() => this.#request(0, undefined))
  }

  /** The first bytes: `length`, or all if there are fewer. They are kept, and stay valid; do not write to them. */
  async head(length: number): Promise<Buffer> {
    return this.#inTurn(async () => {
      await this.#head.extend(Math.min(length, this.size ?? Infinity))
      if (this.#head.bytes.length === this.size) await this.#head.close()
      return this.#head.bytes.subarray(0, length)
    })
  }

  /**
   * Bytes from `start` up to `end`, exclusive, or up to the last byte; none from a place behind it. A chunk is valid until the next one is
   * read. The stream is closed when the loop over it is left.
   */
  async *open(start: number, end = Infinity): Bytes {
    if (!isPlace(start) || !(isPlace(end) || end === Infinity)) throw new RangeError(`bytes ${start} to ${end} of ${this.name}`)
    const stream = await this.#inTurn(() => this.#from(start, end))
    for await (const chunk of upTo(stream, end - start)) yield chunk
    // A stream that `close` has ended is not at its end.
    this.#refuseClosed()
  }

  /** The bytes at `offset`: `length`, or those up to the last one. Throws SourceNotSeekable without random access. */
  async readAt(offset: number, length: number): Promise<Buffer> {
    if (!this.randomAccess) {
      throw new HeadgateError(
        'SourceNotSeekable',
        `${this.name} can only be read from its beginning, and its format has to be read from other places; deliver it uncompressed, from a source that reads parts of it`,
      )
    }
    if (!isPlace(length)) throw new RangeError(`${length} bytes of ${this.name}`)
    const pieces: Buffer[] = []
    for await (const chunk of this.open(offset, offset + length)) pieces.push(Buffer.from(chunk))
    return Buffer.concat(pieces)
  }

  /** A Content made of this one; see Wrapper. It has the same name unless it is given one, and is closed with this one. */
  wrap(origin: Origin & { name?: string }): Content {
    const wrapper = new Content({ name: this.name, identity: this.identity, ...origin })
    this.#wrappers.push(wrapper)
    return wrapper
  }

  /** Closes all streams that are open, those of wrappers first. Reading on throws. Never rejects: what was read is not lost by a stream that fails to close. */
  async close(): Promise<void> {
    this.#closed = true
    for (const wrapper of this.#wrappers) await wrapper.close()
    await Promise.allSettled([...this.#streams].map((stream) => stream.return(undefined)))
  }

  async #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(async () => {
      this.#refuseClosed()
      const done = await act()
      this.#refuseClosed()
      return done
    })
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #from(start: number, end: number): Promise<Bytes> {
    const { bytes, whole } = this.#head
    if (start >= Math.min(end, this.size ?? Infinity)) return only(none)
    if (whole || bytes.length >= Math.min(end, this.size ?? Infinity)) return only(bytes.subarray(start))
    if (!this.randomAccess) return skipping(this.#head.take() ?? this.#request(0, undefined), start)
    const stream = start <= bytes.length ? this.#head.take() : undefined
    if (stream !== undefined) return skipping(stream, start)
    // A reader of a later place does not come back to the beginning.
    await this.#head.close()
    return this.#request(start, end === Infinity ? undefined : Math.min(end, this.size ?? Infinity))
  }

  #request(start: number, end: number | undefined): AsyncGenerator<Buffer> {
    const stream = this.#relayed(this.#origin.open(start, end), start, end, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    return stream
  }

  /** Throws if the stream ends early: that would look like a smaller input, with half a record at its end. */
  async *#relayed(stream: Bytes, start: number, end = Infinity, ended: () => void): AsyncGenerator<Buffer> {
    const expected = this.size === undefined ? 0 : Math.min(end, this.size) - start
    let given = 0
    try {
      for await (const chunk of stream) {
        given += chunk.length
        yield chunk
      }
    } finally {
      ended()
    }
    if (given >= expected) return
    const what = `${this.name} ended after ${given} of ${expected} bytes from ${start} on; the connection or what delivers it broke off`
    throw new HeadgateError('SourceUnavailable', what, { retryable: true })
  }

  #refuseClosed(): void {
    if (this.#closed) throw new HeadgateError('Internal', `${this.name} was read after it was closed`)
  }
}

async function* only(bytes: Buffer): Bytes {
  if (bytes.length > 0) yield bytes
}

function isPlace(offset: number): boolean {
  return Number.isSafeInteger(offset) && offset >= 0
}
