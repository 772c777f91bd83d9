// Spaces and tabs around cells; for the fast path.

export function isPadded(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return false
  return isBlank(bytes[start]) || isBlank(bytes[end - 1])
}

/** Start of the cell without leading blanks. */
export function trimmedStart(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && isBlank(bytes[at])) at++
  return at
}

/** End of the cell without trailing blanks. */
export function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && isBlank(bytes[at - 1])) at--
  return at
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
