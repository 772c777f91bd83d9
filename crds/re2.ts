// Regular expressions in the syntax of RE2, as the API server takes them. The rules of the CRDs and the checks of records use it.
import { RE2JS } from 're2js'

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
export function compileRe2(pattern: string): RE2JS {
  if (expansion(pattern) > mostExpanded) throw new Error('it is too large; repeat less')
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    const [reason = ''] = (cause as Error).message.replace('error parsing regexp: ', '').split('\n', 1)
    const hint = hints.find(([form]) => form.test(reason))?.[1]
    throw new Error(hint === undefined ? reason : `${reason}; ${hint}`, { cause })
  }
}

/** Most parts the expression can have once its counted repetitions are written out; they multiply nowhere beyond 1000. */
export function expansion(pattern: string): number {
  const repetitions = [...pattern.matchAll(/\{([0-9]+)(?:,([0-9]*))?\}/g)].map(([, least, most]) => Math.max(Number(least), Number(most ?? 0)))
  return pattern.length * repetitions.reduce((sum, repetition) => sum + repetition, 1)
}
