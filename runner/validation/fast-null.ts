// Which cells are null, by their bytes; for the fast path.
import type { CellRules } from '../records/byte-batch.ts'
import type { FieldPlan } from './field-plan.ts'

export type IsNull = (bytes: Uint8Array, start: number, end: number, quoted: boolean) => boolean

/** The format's null tokens apply to unquoted cells, the field's to all cells. `longest` is the length of the longest token. */
export function compileNull(plan: FieldPlan, rules: CellRules): { isNull: IsNull; longest: number } {
  const own = [...plan.nullTokens].map((token) => Buffer.from(token))
  const unquoted = [...own, ...rules.nullTokens]
  const quotedTokens = rules.quotedEmptyIsNull ? [...own, Buffer.alloc(0)] : own
  const longest = Math.max(-1, ...unquoted.map((token) => token.length), ...quotedTokens.map((token) => token.length))
  return { isNull: (bytes, start, end, quoted) => (quoted ? quotedTokens : unquoted).some((token) => equals(token, bytes, start, end)), longest }
}

function equals(token: Buffer, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== token.length) return false
  for (let at = 0; at < token.length; at++) if (bytes[start + at] !== token[at]) return false
  return true
}

/** Text of a cell that is valid UTF-8. */
export function textOf(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end)
}
