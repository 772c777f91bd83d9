// ES2026's JSON.rawJSON, which the compiler's library does not declare yet: a number in its own digits, which JSON.stringify writes verbatim.

export type RawJson = { readonly rawJSON: string }

type Functions = {
  rawJSON(text: string): RawJson
  isRawJSON(value: unknown): value is RawJson
}

const functions = JSON as unknown as Functions

export const rawJson = functions.rawJSON
export const isRawJson: Functions['isRawJSON'] = (value): value is RawJson => functions.isRawJSON(value)

/** Parses JSON text. A number that would not keep its digits, or might not, is a bigint if it is whole, and raw JSON otherwise. Throws SyntaxError. */
export function parseExactJson(text: string): unknown {
  return (JSON.parse as ParseWithSource)(text, (_name, value, { source }) => (typeof value === 'number' ? exact(value, source as string) : value))
}

type ParseWithSource = (text: string, reviver: (name: string, value: unknown, context: { source?: string }) => unknown) => unknown

function exact(value: number, digits: string): number | bigint | RawJson {
  if (String(value) === digits && (Number.isSafeInteger(value) || !Number.isInteger(value))) return value
  if (/^-?[1-9][0-9]*$/.test(digits) && digits.length <= 1000) return BigInt(digits)
  return rawJson(digits)
}
