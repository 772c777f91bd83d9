// Compression: detects and undoes it as a stream, and never takes a damaged file for a whole one.
import { HeadgateError } from '../../sdk/index.ts'
import type { Bytes } from './bytes.ts'
import { CompressedInput } from './compressed-input.ts'
import type { Content, Wrapper } from './content.ts'
import { Decoding } from './decoding.ts'

export type Compression = 'none' | 'gzip' | 'zstd'

/** The content itself if it is not compressed. Damage is `SourceCorrupt`, behind the last bytes that could be read. */
export const decompressed: Wrapper<Compression> = (content, compression) =>
  compression === 'none' ? content : content.wrap({ randomAccess: false, open: () => decoded(content.open(0), compression, content.name) })

/** The declared compression; without one, or with `auto`, the one that the first bytes show. */
export async function compressionOf(content: Content, declared: Compression | 'auto' | undefined): Promise<Compression> {
  return declared === undefined || declared === 'auto' ? detected(await content.head(4)) : declared
}

function detected(head: Buffer): Compression {
  if (head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  return isZstdFrame(head) ? 'zstd' : 'none'
}

/** Several members or frames are one stream. */
async function* decoded(stream: Bytes, compression: 'gzip' | 'zstd', name: string): Bytes {
  const input = new CompressedInput(stream)
  let given = 0
  const corrupt = (what: string, cause?: unknown): HeadgateError => {
    const place = `after ${given} decompressed bytes (about byte ${input.consumed} of the file)`
    return new HeadgateError('SourceCorrupt', `${name} is not a valid ${compression} file: ${what}, ${place}; fetch it again`, { cause })
  }
  try {
    do {
      for await (const chunk of new Decoding(compression, input)) {
        given += chunk.length
        yield chunk
      }
      // Node's gunzip goes through all members by itself; its zstd stops after a frame.
      if ((await input.peek(4)).length === 0) return
    } while (compression === 'zstd' && isZstdFrame(await input.peek(4)))
  } catch (error) {
    throw damageOf(error, corrupt)
  } finally {
    await input.close()
  }
  throw corrupt('something else follows the compressed data')
}

/** A frame of data, or one to skip. */
function isZstdFrame(head: Buffer): boolean {
  if (head.length < 4) return false
  const magic = head.readUInt32LE(0)
  return magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f)
}

function damageOf(error: unknown, corrupt: (what: string, cause: unknown) => HeadgateError): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (typeof code !== 'string' || !/^(Z_|ZSTD_)/.test(code)) return error
  return corrupt(code === 'Z_BUF_ERROR' ? 'it is cut off' : message, error)
}
