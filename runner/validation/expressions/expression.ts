// Regular expressions of pipelines, in the syntax of RE2 and in linear time. Used for a field's pattern and for matches() in rules.
import { RE2JS } from 're2js'
import { nativeExpression } from './native.ts'

/** A compiled regular expression. `test` finds a match anywhere in the text, in time proportional to `cost`. */
export type Expression = {
  test(text: string): boolean
  /** Steps that testing a text of so many characters may take. */
  cost(length: number): number
}

/** A larger one, such as \pL{1000} twenty times over, would take minutes for a record of a megabyte. */
const mostInstructions = 5_000

/** Beyond it an expression is not even compiled, which would take seconds. */
const mostExpanded = 500_000

const hints: readonly [RegExp, string][] = [
  [/`\(\?(?:<?[=!]|>)/, 'RE2 has no lookahead, lookbehind or atomic groups'],
  [/`\\[1-9k]/, 'RE2 has no backreferences'],
  [/`\\u`/, 'write \\x{41} for \\u0041'],
  [/`\\p\{/, 'write \\p{Greek} for \\p{Script=Greek}'],
  [/`\[\^?\]/, 'write \\] for a bracket, and (?s:.) for any character'],
]

/** Throws an Error that says in one line why RE2 does not take the pattern. */
export function compileExpression(pattern: string): Expression {
  if (expansion(pattern) > mostExpanded) throw new Error('it is too large; repeat less')
  const expression = parsed(pattern)
  const instructions = expression.programSize()
  if (instructions > mostInstructions)
    throw new Error(`it is too large: ${instructions} instructions, and at most ${mostInstructions} are allowed; repeat less`)
  const native = nativeExpression(pattern)
  if (native !== undefined) return { test: (text) => native.test(text), cost: (length) => length }
  return { test: (text) => expression.test(text), cost: (length) => instructions * length }
}

/** Most parts the expression can have once its counted repetitions are written out; they multiply nowhere beyond 1000. */
export function expansion(pattern: string): number {
  const repetitions = [...pattern.matchAll(/\{([0-9]+)(?:,([0-9]*))?\}/g)].map(([, least, most]) => Math.max(Number(least), Number(most ?? 0)))
  return pattern.length * repetitions.reduce((sum, repetition) => sum + repetition, 1)
}

function parsed(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    const [reason = ''] = (cause as Error).message.replace('error parsing regexp: ', '').split('\n', 1)
    const hint = hints.find(([form]) => form.test(reason))?.[1]
    throw new Error(hint === undefined ? reason : `${reason}; ${hint}`, { cause })
  }
}
