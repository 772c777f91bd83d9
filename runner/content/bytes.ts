// Operations on streams of bytes. A chunk of a stream is valid until the next one is requested.

export type Bytes = AsyncIterable<Buffer>

/** The stream without its first `count` bytes. */
export async function* skipping(stream: Bytes, count: number): Bytes {
  let left = count
  for await (const chunk of stream) {
    if (left >= chunk.length) left -= chunk.length
    else {
      yield left === 0 ? chunk : chunk.subarray(left)
      left = 0
    }
  }
}

/** The first `count` bytes of the stream. Closes the stream behind them. */
export async function* upTo(stream: Bytes, count: number): Bytes {
  let left = count
  if (left <= 0) return
  for await (const chunk of stream) {
    yield chunk.length > left ? chunk.subarray(0, left) : chunk
    left -= chunk.length
    if (left <= 0) return
  }
}
