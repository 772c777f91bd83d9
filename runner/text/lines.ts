// Lines of a text: their ends, and an input without its last ones. In UTF-8, or an encoding that leaves ASCII alone.

import { HeadgateError } from '../../sdk/index.ts'
import type { Bytes } from '../content/bytes.ts'

export const lineFeed = 10
export const carriageReturn = 13

const mostFooterBytes = 16 << 20

/** The stream without its last `count` physical lines. `name` is the input's, `setting` the one that asks for this, for messages. */
export async function* withoutLastLines(stream: Bytes, count: number, { name, setting }: { name: string; setting: string }): Bytes {
  let held: Buffer = Buffer.alloc(0)
  for await (const chunk of stream) {
    const bytes = Buffer.concat([held, chunk])
    // One more line is kept, because the last one may continue in the next chunk.
    const keep = footerStart(bytes, count + 1)
    held = Buffer.from(bytes.subarray(keep))
    if (held.length > mostFooterBytes) {
      throw new HeadgateError('InvalidConfig', `${name}: ${count} footer lines are longer than ${mostFooterBytes >> 20} MiB; check ${setting}`)
    }
    if (keep > 0) yield bytes.subarray(0, keep)
  }
  const end = footerStart(held, count)
  if (end > 0) yield held.subarray(0, end)
}

/** Where the last `count` lines of `bytes` begin; blank lines behind them do not count. */
function footerStart(bytes: Buffer, count: number): number {
  let start = bytes.length
  for (let ended = terminatorBefore(bytes, start); ended > 0; ended = terminatorBefore(bytes, start)) start -= ended
  for (let line = 0; line < count && start > 0; line++) {
    start -= terminatorBefore(bytes, start)
    while (start > 0 && terminatorBefore(bytes, start) === 0) start--
  }
  return start
}

/** Length of the line end that ends at `end`. */
function terminatorBefore(bytes: Buffer, end: number): number {
  const byte = bytes[end - 1]
  if (byte === carriageReturn) return 1
  if (byte !== lineFeed) return 0
  return bytes[end - 2] === carriageReturn ? 2 : 1
}
