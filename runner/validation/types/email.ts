// Recognises the common e-mail addresses by their bytes; every one of them also passes the full format check.

const word = 1
const local = 2
/** Where a byte may occur: letters and digits everywhere, some marks only before the @. */
const kinds = new Uint8Array(256)
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789') kinds[character.charCodeAt(0)] = word | local
for (const character of '_+%-') kinds[character.charCodeAt(0)] = local

const dot = 0x2e
const hyphen = 0x2d

/** Letters, digits, _ + % - and single dots before the @; two or more labels of letters, digits and inner hyphens after it. */
export function isCommonEmail(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  let previous = dot
  for (; at < end && bytes[at] !== 0x40; at++) {
    const byte = bytes[at] as number
    if (byte === dot ? previous === dot : ((kinds[byte] as number) & local) === 0) return false
    previous = byte
  }
  if (previous === dot || at >= end) return false
  return isCommonHost(bytes, at + 1, end)
}

function isCommonHost(bytes: Uint8Array, start: number, end: number): boolean {
  let previous = dot
  let dots = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    const letter = ((kinds[byte] as number) & word) !== 0
    if (!letter && byte !== dot && byte !== hyphen) return false
    if (!letter && (previous === dot || (byte === dot && previous === hyphen))) return false
    if (byte === dot) dots++
    previous = byte
  }
  return dots > 0 && previous !== dot && previous !== hyphen
}
