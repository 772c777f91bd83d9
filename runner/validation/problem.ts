// Problem: why one value is not acceptable. Types and checks return it; the record program turns it into a RecordError.

/** What is wrong with a value; never thrown. */
export class Problem {
  readonly code: string
  readonly message: string

  constructor(code: string, message: string) {
    this.code = code
    this.message = message
  }
}

const maxExcerpt = 200

/** The value as a RecordError shows it: at most 200 characters, `***` if sensitive, undefined if there is no value. */
export function excerpt(value: unknown, sensitive: boolean): string | undefined {
  if (value === null || value === undefined) return undefined
  if (sensitive) return '***'
  const text = typeof value === 'object' ? asJson(value) : String(value)
  return text.length <= maxExcerpt ? text : text.slice(0, maxExcerpt)
}

function asJson(value: object): string {
  return JSON.stringify(value, (_name, inner) => (typeof inner === 'bigint' ? inner.toString() : inner)) ?? ''
}
