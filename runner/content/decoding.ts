// Decoding: one run of a zlib decoder over a compressed input, with bounded memory for any data.
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { CompressedInput } from './compressed-input.ts'

const chunkBytes = 64 << 10
/** Chunks that may wait to be used. */
const mostReady = 4

export class Decoding {
  readonly #decoder: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>
  readonly #input: CompressedInput
  readonly #ready: Buffer[] = []
  /** What the decoder was given and may not have used. */
  #fed: Buffer[] = []
  #fedBytes = 0
  #ended = false
  #failure: unknown
  #wake: () => void = () => undefined
  #drained: () => void = () => undefined

  constructor(compression: 'gzip' | 'zstd', input: CompressedInput) {
    this.#input = input
    this.#decoder = compression === 'gzip' ? createGunzip({ chunkSize: chunkBytes }) : createZstdDecompress({ chunkSize: chunkBytes })
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Buffer> {
    const decoder = this.#decoder
    decoder.on('data', (chunk: Buffer) => this.#received(chunk))
    decoder.on('end', () => this.#finish())
    decoder.on('error', (error) => this.#finish(error))
    decoder.on('drain', () => this.#drained())
    decoder.on('close', () => this.#drained())
    const before = this.#input.consumed
    const feeding = this.#feed().catch((error: unknown) => this.#finish(error))
    try {
      yield* this.#output(before)
    } finally {
      this.#ended = true
      decoder.destroy()
      await feeding
      this.#giveBack()
    }
  }

  async *#output(before: number): AsyncIterable<Buffer> {
    for (;;) {
      this.#input.consumed = before + this.#decoder.bytesWritten
      const chunk = this.#ready.shift()
      if (chunk !== undefined) {
        if (this.#ready.length === 0) this.#decoder.resume()
        yield chunk
      } else if (this.#failure !== undefined) throw this.#failure
      else if (this.#ended) return
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  #received(chunk: Buffer): void {
    this.#ready.push(chunk)
    if (this.#ready.length >= mostReady) this.#decoder.pause()
    this.#wake()
  }

  async #feed(): Promise<void> {
    while (!this.#ended) {
      const chunk = await this.#input.take()
      if (chunk === undefined) {
        if (!this.#ended) this.#decoder.end()
        return
      }
      this.#fed.push(chunk)
      this.#fedBytes += chunk.length
      this.#forgetUsed()
      if (this.#ended || this.#decoder.write(chunk)) continue
      await new Promise<void>((resolve) => {
        this.#drained = resolve
      })
    }
  }

  #forgetUsed(): void {
    let kept = this.#fed.reduce((sum, chunk) => sum + chunk.length, 0)
    const unused = this.#fedBytes - this.#decoder.bytesWritten
    while (this.#fed.length > 1 && kept - (this.#fed[0] as Buffer).length >= unused) kept -= (this.#fed.shift() as Buffer).length
  }

  #giveBack(): void {
    const unused = this.#fedBytes - this.#decoder.bytesWritten
    if (unused <= 0) return
    const fed = Buffer.concat(this.#fed)
    this.#fed = []
    this.#input.giveBack(fed.subarray(fed.length - unused))
  }

  #finish(failure?: unknown): void {
    this.#failure ??= failure
    this.#ended = true
    this.#wake()
  }
}
