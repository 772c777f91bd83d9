// Small steps over streams of bytes. A chunk of a stream is valid until the next one is asked for.

export type Bytes = AsyncIterable<Buffer>

/** The first bytes of a stream, at most `length`; fewer only if there are no more. Closes the stream. */
export async function headOf(stream: Bytes, length: number): Promise<Buffer> {
  const head = Buffer.allocUnsafe(length)
  let size = 0
  for await (const chunk of stream) {
    size += chunk.copy(head, size)
    if (size === length) break
  }
  return head.subarray(0, size)
}

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

export async function* upTo(stream: Bytes, count: number): Bytes {
  let left = count
  if (left <= 0) return
  for await (const chunk of stream) {
    yield chunk.length > left ? chunk.subarray(0, left) : chunk
    left -= chunk.length
    if (left <= 0) return
  }
}
