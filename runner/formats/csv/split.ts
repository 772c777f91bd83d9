// Split: finds record starts where an input can be cut, by framing it from its beginning.
import { isSimple } from './dialect.ts'
import { FastFramer } from './fast-framer.ts'
import { Frames, Stop } from './frames.ts'
import { GeneralFramer } from './general-framer.ts'
import { InputWindow } from './input-window.ts'
import type { PreparedInput } from './prepare.ts'
import { seekLineEnd } from './seek.ts'

const blockBytes = 1 << 20

/** Record starts about `targetBytes` apart, in rising order, none of them the first. */
export async function cuts(input: PreparedInput, size: number, targetBytes: number): Promise<number[]> {
  const framer = isSimple(input.dialect) ? new FastFramer(input.dialect) : new GeneralFramer(input.dialect)
  const window = new InputWindow(input.open(input.start), input.start, blockBytes)
  const frames = new Frames(1)
  const places: number[] = []
  let target = input.start + targetBytes
  try {
    await window.refill()
    while (target < size) {
      frames.size = 0
      const { origin } = window
      const stop = framer.frame(window, frames)
      for (let row = 0; row < frames.size; row++) {
        const start = origin + (frames.rows[2 * row] as number)
        if (start < target) continue
        places.push(start)
        target = start + targetBytes
      }
      if (stop === Stop.Seek) await seekLineEnd(window, input.dialect)
      if (stop === Stop.More && window.last) break
      if (stop === Stop.More) await window.refill()
    }
  } finally {
    await window.close()
  }
  return places
}
