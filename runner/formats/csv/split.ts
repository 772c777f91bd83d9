// Split: finds record starts where an input can be cut. It frames the input from its beginning, exactly as a reader of the
// whole would, because nothing less distinguishes the start of a record from a line inside quotes; framing is fast enough for that.
import { blocks } from './blocks.ts'
import { isStart } from './framer.ts'
import type { PreparedInput } from './prepare.ts'

const blockBytes = 1 << 20

/** Record starts about `targetBytes` apart, in rising order, none of them the first. The input has random access. */
export async function cuts({ text, dialect, start: first }: PreparedInput, size: number, targetBytes: number, signal: AbortSignal): Promise<number[]> {
  const places: number[] = []
  let target = first + targetBytes
  if (target >= size) return places
  const open = (offset: number) => text.content.open(offset)
  for await (const { frames, origin } of blocks(open, first, { dialect, width: 1, blockBytes, seekable: true })) {
    signal.throwIfAborted()
    // Most blocks lie before the next target as a whole.
    const lastStart = origin + (frames.rows[2 * frames.size - 2] as number)
    for (let row = 0; lastStart >= target && row < frames.size; row++) {
      const start = origin + (frames.rows[2 * row] as number)
      if (start < target || !isStart(frames, row)) continue
      places.push(start)
      target = start + targetBytes
    }
    if (target >= size) break
  }
  return places
}
