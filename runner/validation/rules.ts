// Cross-field rules in CEL, compiled once. docs/rules.md defines how a rule sees a record.
import { Environment } from '@marcbachmann/cel-js'
import type { Field, Rule, Schema } from '../../crds/fields.ts'
import { HeadgateError, type TypedRecord } from '../../sdk/index.ts'
import { CostMeter, metered } from './expressions/cel-cost.ts'
import { Problem } from './problem.ts'
import { similarName } from './similar-name.ts'
import { fieldTypes } from './types/index.ts'
import { microsOf } from './types/timestamp.ts'

export type CompiledRule = {
  name: string
  outcome: 'reject' | 'warn'
  /** The fields that the rule reads. */
  fields: readonly string[]
  /** Undefined if the record passes the rule. */
  check(record: TypedRecord): Problem | undefined
}

/** CEL's messages quote values, which may be megabytes long. */
const longestReason = 300

const readInstant = fieldTypes.timestamp.parser({ name: 'instant', type: 'timestamp' })

const environment = new Environment({ limits: { maxAstNodes: 2000, maxDepth: 100 } })
  .registerVariable('record', 'map')
  .registerFunction('instant(string): string', (text: string) => {
    const value = readInstant(text)
    if (value instanceof Problem) throw new Error(`instant: ${JSON.stringify(text)} ${value.message}`)
    return value
  })
  .registerFunction('micros(string): int', (timestamp: string) => microsOf(timestamp))
  .registerFunction('json(string): dyn', (text: string) => JSON.parse(text))

/** Throws InvalidRule. */
export function compileRules(schema: Schema): CompiledRule[] {
  const byName = new Map(schema.fields.map((field) => [field.name, field]))
  const meter = new CostMeter()
  return (schema.rules ?? []).map((rule, place) => compileRule(rule, place, byName, meter))
}

function compileRule(rule: Rule, place: number, byName: ReadonlyMap<string, Field>, meter: CostMeter): CompiledRule {
  const evaluate = parsed(rule)
  const fields = fieldsOf(evaluate.ast) ?? [...byName.keys()]
  for (const field of fields) if (!byName.has(field)) throw unknownField(rule, field, [...byName.keys()])
  const steps = limited(rule, evaluate, meter)
  const message = rule.message ?? `breaks the rule ${rule.expression}`
  const code = `rule.${rule.name}`
  const decimals = fields.filter((field) => byName.get(field)?.type === 'decimal')
  const secret = fields.some((field) => byName.get(field)?.sensitive === true)
  const attempt = (record: TypedRecord): Problem | undefined => {
    try {
      meter.spend(steps)
      return evaluate({ record: withDoubles(record, decimals) }) === true ? undefined : new Problem(code, message)
    } catch (error) {
      return new Problem(code, `${message} (${secret ? reasonOf(error) : firstLine(error).slice(0, longestReason)})`)
    }
  }
  const check = (record: TypedRecord): Problem | undefined => {
    meter.begin(record, place)
    const problem = attempt(record)
    // Checked whatever the result: CEL drops an error where the other side of || or && decides.
    return meter.exceeded ? new Problem(`cost.${rule.name}`, `the rules up to ${rule.name} cost more than the rules of one record may`) : problem
  }
  return { name: rule.name, outcome: rule.outcome ?? 'reject', fields, check }
}

function unknownField(rule: Rule, field: string, known: readonly string[]): HeadgateError {
  const near = similarName(field, known)
  const hint = near === undefined ? '' : `; did you mean record.${near}?`
  return invalid(rule, `record.${field} is not a declared field${hint}`)
}

function limited(rule: Rule, evaluate: ReturnType<Environment['parse']>, meter: CostMeter): number {
  try {
    return metered(evaluate, meter)
  } catch (error) {
    throw invalid(rule, `matches: ${firstLine(error)}`, error)
  }
}

/** CEL's own code for why a rule cannot be evaluated, such as division_by_zero. Its message would quote values. */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && /^[a-z_]+$/.test(code) ? code : 'it cannot be evaluated'
}

/** CEL has no decimals: rules see them as doubles. */
function withDoubles(record: TypedRecord, decimals: readonly string[]): TypedRecord {
  if (decimals.length === 0) return record
  const seen = { ...record }
  for (const name of decimals) if (typeof seen[name] === 'string') seen[name] = Number(seen[name])
  return seen
}

function parsed(rule: Rule): ReturnType<Environment['parse']> {
  try {
    const evaluate = environment.parse(rule.expression)
    const check = evaluate.check()
    if (!check.valid) throw check.error
    if (check.type !== 'bool' && check.type !== 'dyn') throw new Error(`is ${check.type}, not bool`)
    return evaluate
  } catch (error) {
    throw invalid(rule, firstLine(error), error)
  }
}

function invalid(rule: Rule, reason: string, cause?: unknown): HeadgateError {
  return new HeadgateError('InvalidRule', `rule ${rule.name}: ${reason}; correct its expression: ${rule.expression}`, { cause })
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''
}

/** The fields that a rule names as record.x or record["x"]; undefined if it uses the record in another way and may read any field. */
function fieldsOf(ast: unknown): string[] | undefined {
  const found = new Set<string>()
  return walk(ast, found) ? [...found] : undefined
}

function walk(node: unknown, found: Set<string>): boolean {
  if (Array.isArray(node)) return node.every((child) => walk(child, found))
  if (typeof node !== 'object' || node === null) return true
  const { op, args } = node as { op?: string; args?: unknown }
  if (op === 'id') return args !== 'record'
  if (op === 'value') return true
  if ((op === '.' || op === '[]') && Array.isArray(args) && isRecord(args[0])) {
    const name = op === '.' ? args[1] : literal(args[1])
    if (typeof name !== 'string') return false
    found.add(name)
    return true
  }
  return walk(args, found)
}

function isRecord(node: unknown): boolean {
  const { op, args } = node as { op?: string; args?: unknown }
  return op === 'id' && args === 'record'
}

function literal(node: unknown): unknown {
  const { op, args } = node as { op?: string; args?: unknown }
  return op === 'value' ? args : undefined
}
