// Converts values of any source to text that jsonb accepts. Values that jsonb cannot hold are replaced visibly; the quarantine's raw bytes
// keep the original. Called by quarantine.ts and runs.ts.
import { isRawJson } from '../sdk/raw-json.ts'

const unstorable = /\\u(?:0000|d[89a-f]..)/i

/** JSON text of a value. U+0000 becomes ␀, a lone surrogate �, a bigint a string of its digits. */
export function storableJson(value: unknown): string {
  const text = plainJson(value)
  if (text !== undefined && !unstorable.test(text)) return text
  return JSON.stringify(storable(value)) ?? 'null'
}

/** Text that a text column accepts. */
export function storableText(text: string): string {
  return text.replaceAll('\u0000', '␀').toWellFormed()
}

function plainJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value)
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date || isRawJson(value)) return value
  if (ArrayBuffer.isView(value)) return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
  if (Array.isArray(value)) return value.map(storable)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [storableText(name), storable(item)]))
}
