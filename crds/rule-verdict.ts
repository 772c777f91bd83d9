// Evaluates one rule of the CRDs without an API server. `headgate check` and the operator use it.
import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { withQuantities } from './quantity.ts'
import type { CelRule } from './shapes.ts'

const environment = withQuantities(new Environment({ homogeneousAggregateLiterals: false }).registerVariable('self', 'dyn'))
const compiled = new Map<string, ParseResult>()

function compile(rule: string): ParseResult {
  let program = compiled.get(rule)
  if (!program) {
    program = environment.parse(rule)
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
