// How numbers are written: as text or as numbers; with a point and nothing else, or, where declared, with a comma and dots between thousands.

const grouped = /^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?$/

/** A text, or the digits of a number; undefined for any other value. A pattern such as yyyyMMdd also reads a number. */
export function wordOf(input: unknown): string | undefined {
  if (typeof input === 'string') return input
  return typeof input === 'number' || typeof input === 'bigint' ? String(input) : undefined
}

/** The number with a decimal point and without separators; undefined if it is not in the declared notation. */
export function plainNumber(text: string, decimalComma: boolean): string | undefined {
  if (!decimalComma) return text
  if (!text.includes('.')) return text.replace(',', '.')
  return grouped.test(text) ? text.replaceAll('.', '').replace(',', '.') : undefined
}
