// Reads the plainest numbers from bytes: an optional sign, digits, perhaps a point and digits; at most 15 digits, so that
// a double holds them exactly. For the fast cells.

/** All digits of the number last scanned, as one whole number. */
export let mantissa = 0
/** How many of them stand after the point. */
export let scale = 0
export let negative = false

export const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

/** Returns false for anything else. */
export function scanNumber(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start
  const first = bytes[at]
  const sign = first === 0x2d
  if (sign || first === 0x2b) at++
  if (end - at > 16 || at >= end) return false
  let digits = 0
  let value = 0
  let point = -1
  for (; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit
      digits++
    } else if (digit === -2 && point < 0 && digits > 0) point = at
    else return false
  }
  if (digits > 15 || point === end - 1) return false
  mantissa = value
  scale = point < 0 ? 0 : end - 1 - point
  negative = sign
  return true
}
