// lineCuts: finds line starts where an NDJSON input can be cut. Any line start is one, because a line feed cannot stand in a JSON string.
import type { Content } from '../../content/content.ts'

const chunkBytes = 64 << 10

/** Line starts about `targetBytes` apart, in rising order, none of them the first. The content has random access. */
export async function lineCuts(content: Content, size: number, targetBytes: number, signal: AbortSignal): Promise<number[]> {
  const cuts: number[] = []
  for (let target = targetBytes; target < size; ) {
    const start = await nextLine(content, target - 1, size, signal)
    if (start >= size) break
    cuts.push(start)
    target = start + targetBytes
  }
  return cuts
}

/** The first line start behind `offset`. */
async function nextLine(content: Content, offset: number, size: number, signal: AbortSignal): Promise<number> {
  for (let at = offset; at < size; at += chunkBytes) {
    signal.throwIfAborted()
    const found = (await content.readAt(at, Math.min(chunkBytes, size - at))).indexOf(0x0a)
    if (found >= 0) return at + found + 1
  }
  return size
}
