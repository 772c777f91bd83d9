// Evaluates one rule of the CRDs without an API server. `headgate check` and the operator use it.
import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { withQuantities } from './quantity.ts'
import { compileRe2 } from './re2.ts'
import type { CelRule } from './shapes.ts'

const environment = withQuantities(
  new Environment({ homogeneousAggregateLiterals: false })
    .registerVariable('self', 'dyn')
    .registerFunction('string.matchesRe2(string): bool', (text: string, pattern: string) => compileRe2(pattern).test(text)),
)
const compiled = new Map<string, ParseResult>()

function compile(rule: string): ParseResult {
  let program = compiled.get(rule)
  if (!program) {
    // matches() of cel-js takes expressions of JavaScript, and cannot be replaced.
    program = environment.parse(rule.replaceAll('.matches(', '.matchesRe2('))
    compiled.set(rule, program)
  }
  return program
}

/** Whole numbers are CEL ints, as on the API server. */
export function celValue(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (Array.isArray(value)) return value.map(celValue)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, celValue(item)]))
}

export type RuleVerdict = 'holds' | 'broken' | 'undecided'

/** `self` is a `celValue`. */
export function ruleVerdict(rule: CelRule, self: unknown): RuleVerdict {
  try {
    return compile(rule.rule)({ self }) === true ? 'holds' : 'broken'
  } catch {
    return 'undecided'
  }
}
