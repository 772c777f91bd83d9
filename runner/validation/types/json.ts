// json: any JSON text that PostgreSQL takes; canonical value is the source's own text.
import { rawJson } from '../../../sdk/raw-json.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import { writeText } from '../../copy/write.ts'
import { Problem } from '../problem.ts'
import { type Encoder, type FieldType, never } from './field-type.ts'
import { badText, textEncoder } from './text.ts'

/** PostgreSQL's limit depends on its stack; this is well below it. */
const deepest = 500
const largestExponent = 1000
const longestNumber = 1000

export const json: FieldType = {
  parser: () => parseJson,
  encoder: jsonEncoder,
  cell: never,
}

function parseJson(input: unknown): unknown {
  const text = typeof input === 'string' ? input : jsonText(input)
  if (text === undefined) return new Problem('type.json', 'cannot be written as JSON')
  if (!isJson(text)) return new Problem('type.json', 'is not JSON')
  return badText(text) ?? badEscapes(text) ?? beyondJsonb(text) ?? text
}

/** Text of a value from a source of objects. A string is taken as JSON text, not as a JSON string. */
function jsonText(input: unknown): string | undefined {
  try {
    return JSON.stringify(input, (_name, value) => (typeof value === 'bigint' ? rawJson(value.toString()) : value))
  } catch {
    return undefined
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** In valid JSON every backslash stands in a string. A low half must follow its high half at once, both escaped. */
function badEscapes(text: string): Problem | undefined {
  let expectedAt = -1
  for (const { 0: sequence, 1: digits, index } of text.matchAll(/\\(?:u([0-9a-fA-F]{4})|.)/g)) {
    const code = digits === undefined ? -1 : Number.parseInt(digits, 16)
    if (code === 0) return new Problem('encoding.nul', 'holds the character U+0000, which PostgreSQL cannot store')
    const low = code >= 0xdc00 && code <= 0xdfff
    if (low !== (index === expectedAt)) return halfPair()
    if (expectedAt >= 0 && index !== expectedAt) return halfPair()
    expectedAt = code >= 0xd800 && code <= 0xdbff ? index + sequence.length : -1
  }
  return expectedAt >= 0 ? halfPair() : undefined
}

function halfPair(): Problem {
  return new Problem('encoding.surrogate', 'holds half of a surrogate pair, which is no character')
}

/** Valid JSON that jsonb refuses: nested too deep, or with a number out of numeric's range. */
function beyondJsonb(text: string): Problem | undefined {
  let depth = 0
  let quoted = false
  // Strings are skipped mark by mark: an expression for a whole string runs out of stack on one of many megabytes.
  for (const { 0: mark, 1: exponent } of text.matchAll(/\\.|"|[[{\]}]|-?[0-9.]+(?:[eE]([+-]?[0-9]+))?/g)) {
    if (mark === '"') quoted = !quoted
    else if (quoted || mark.startsWith('\\')) continue
    else if (mark === '[' || mark === '{') depth++
    else if (mark === ']' || mark === '}') depth--
    else if (mark.length > longestNumber || Math.abs(Number(exponent ?? 0)) > largestExponent)
      return new Problem('type.json', 'holds a number that is too long')
    if (depth > deepest) return new Problem('type.json', `is nested more than ${deepest} levels deep`)
  }
  return undefined
}

function jsonEncoder(column: DestinationColumn): Encoder | undefined {
  if (column.type === 'json') return { fit: never, write: (rows, value) => writeText(rows, value as string) }
  if (column.type !== 'jsonb') return textEncoder(column)
  return {
    fit: never,
    write: (rows, value) => {
      writeText(rows, `\u0001${value as string}`)
    },
  }
}
