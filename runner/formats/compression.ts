// Compression: detects and undoes it as a stream, and never takes a damaged file for a whole one.
import { once } from 'node:events'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { HeadgateError } from '../../sdk/index.ts'
import type { Bytes } from './byte-stream.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** By the first bytes. */
export function detectCompression(head: Buffer): Compression {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  if (head.length >= 4 && head.readUInt32LE(0) === 0xfd2fb528) return 'zstd'
  return 'none'
}

/** Throws `SourceCorrupt` after the last bytes that could be read, if the data is cut off, damaged or followed by something else. */
export async function* decompressed(stream: Bytes, compression: Compression, name: string): Bytes {
  if (compression === 'none') yield* stream
  else yield* new Decompression(compression, name).run(stream)
}

class Decompression {
  readonly #name: string
  readonly #compression: 'gzip' | 'zstd'
  readonly #decoder: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>
  readonly #ready: Buffer[] = []
  #fed = 0
  #given = 0
  #ended = false
  #failure: unknown
  #wake: () => void = () => undefined

  constructor(compression: 'gzip' | 'zstd', name: string) {
    this.#name = name
    this.#compression = compression
    this.#decoder = compression === 'gzip' ? createGunzip({ chunkSize: 256 << 10 }) : createZstdDecompress({ chunkSize: 256 << 10 })
  }

  async *run(stream: Bytes): Bytes {
    const decoder = this.#decoder
    decoder.on('data', (chunk: Buffer) => {
      this.#ready.push(chunk)
      if (this.#ready.length >= 4) decoder.pause()
      this.#wake()
    })
    decoder.on('end', () => this.#finish())
    decoder.on('error', (error) => this.#finish(error))
    const feeding = this.#feed(stream).catch((error: unknown) => this.#finish(error))
    try {
      yield* this.#output()
    } finally {
      this.#ended = true
      decoder.destroy()
      await feeding
    }
    if (decoder.bytesWritten < this.#fed) throw this.#corrupt('something else follows the compressed data')
  }

  async *#output(): Bytes {
    for (;;) {
      const chunk = this.#ready.shift()
      if (chunk !== undefined) {
        if (this.#ready.length === 0) this.#decoder.resume()
        this.#given += chunk.length
        yield chunk
      } else if (this.#failure !== undefined) throw this.#explained(this.#failure)
      else if (this.#ended) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async #feed(stream: Bytes): Promise<void> {
    for await (const chunk of stream) {
      if (this.#ended) return
      this.#fed += chunk.length
      // A copy, because the decoder may hold on to it after the chunk's buffer is used again.
      if (!this.#decoder.write(Buffer.from(chunk))) await Promise.race([once(this.#decoder, 'drain'), once(this.#decoder, 'close')])
    }
    if (!this.#ended) this.#decoder.end()
  }

  #finish(failure?: unknown): void {
    this.#failure ??= failure
    this.#ended = true
    this.#wake()
  }

  #explained(failure: unknown): unknown {
    const { code } = failure as NodeJS.ErrnoException
    if (typeof code !== 'string' || !/^(Z_|ZSTD_|ERR_)/.test(code)) return failure
    return this.#corrupt(code === 'Z_BUF_ERROR' ? 'it is cut off' : (failure as Error).message, failure)
  }

  #corrupt(what: string, cause?: unknown): HeadgateError {
    const place = `after ${this.#given} decompressed bytes (about byte ${this.#decoder.bytesWritten} of the file)`
    return new HeadgateError('SourceCorrupt', `${this.#name} is not a sound ${this.#compression} file: ${what}, ${place}; fetch it again`, { cause })
  }
}
