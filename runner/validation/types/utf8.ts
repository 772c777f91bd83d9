// UTF-8 checked and copied in one loop.

/**
 * Copies a cell and returns its number of code points; -1 if it is not certainly valid text: ill-formed UTF-8,
 * U+0000, or a byte order mark in front, which decoders treat in different ways.
 */
export function copyUtf8(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  if (bytes[start] === 0xef && bytes[start + 1] === 0xbb) return -1
  const shift = to - start
  let characters = 0
  for (let at = start; at < end; ) {
    const byte = bytes[at] as number
    const size = byte < 0x80 ? (byte === 0 ? 0 : 1) : sequenceLength(bytes, at, end)
    if (size === 0) return -1
    for (const stop = at + size; at < stop; at++) out[at + shift] = bytes[at] as number
    characters++
  }
  return characters
}

/** Length of the well-formed sequence of two to four bytes at `at`, 0 if there is none. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at] as number
  const second = bytes[at + 1] as number
  if (lead < 0xc2 || lead > 0xf4 || at + 1 >= end) return 0
  if (lead < 0xe0) return isContinuation(second) ? 2 : 0
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most || at + 2 >= end || !isContinuation(bytes[at + 2] as number)) return 0
  if (lead < 0xf0) return 3
  return at + 3 < end && isContinuation(bytes[at + 3] as number) ? 4 : 0
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80
}
