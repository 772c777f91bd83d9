// How numbers are written: with a point and nothing else, or, where declared, with a comma and dots between thousands.

const grouped = /^[+-]?[0-9]{1,3}(?:\.[0-9]{3})+(?:,[0-9]*)?$/

/** The number with a decimal point and without separators; undefined if it is not in the declared notation. */
export function plainNumber(text: string, decimalComma: boolean): string | undefined {
  if (!decimalComma) return text
  if (!text.includes('.')) return text.replace(',', '.')
  return grouped.test(text) ? text.replaceAll('.', '').replace(',', '.') : undefined
}
