// elementEnd: where a malformed element of an array ends, if its strings and brackets leave no doubt.
import { isBlank } from './blank.ts'
import { mark } from './scanner.ts'

/**
 * Index behind the element at `at`; `more` if it does not end before `size`. `uncertain` if a quote may be missing or too many: a string
 * with a line end in it, or one that other characters touch; or if a bracket closes another kind than was opened. What follows could
 * then be the inside of a value, and must not be read as records.
 */
export function elementEnd(bytes: Uint8Array, at: number, size: number): number | 'more' | 'uncertain' {
  const open: number[] = []
  for (let before = -1; at < size; before = bytes[at - 1] as number) {
    const byte = bytes[at] as number
    if (byte === mark.quote) {
      if (!mayTouch(before, mark.openBrace, mark.openBracket)) return 'uncertain'
      const end = stringEnd(bytes, at + 1, size)
      if (typeof end !== 'number') return end
      if (end < size && !mayTouch(bytes[end] as number, mark.closeBrace, mark.closeBracket)) return 'uncertain'
      at = end
      continue
    }
    if (open.length === 0 && (byte === mark.comma || byte === mark.closeBracket)) return at
    if (byte === mark.openBrace || byte === mark.openBracket) open.push(byte)
    // The closing bracket of each kind is two above the opening one.
    else if ((byte === mark.closeBrace || byte === mark.closeBracket) && open.pop() !== byte - 2) return 'uncertain'
    at++
  }
  return 'more'
}

/** Whether a string may stand beside this byte; -1 is the beginning. */
function mayTouch(byte: number, brace: number, bracket: number): boolean {
  return byte === -1 || isBlank(byte) || byte === mark.comma || byte === mark.colon || byte === brace || byte === bracket
}

/** Index behind the quote that closes a string. */
function stringEnd(bytes: Uint8Array, at: number, size: number): number | 'more' | 'uncertain' {
  for (; at < size; at++) {
    const byte = bytes[at]
    if (byte === mark.quote) return at + 1
    if (byte === 0x0a || byte === 0x0d) return 'uncertain'
    if (byte === mark.backslash) at++
  }
  return 'more'
}
