// The rules of the CRD, evaluated offline with the same words as on the API server.
import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import { Pipeline } from '../../crds/pipeline.ts'
import type { CelRule } from '../../crds/shapes.ts'
import type { JsonSchema } from '../../crds/structural.ts'
import { type Finding, formatPath, type Path } from './problem.ts'

const environment = new Environment({ homogeneousAggregateLiterals: false }).registerVariable('self', 'dyn')
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
function celValue(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (Array.isArray(value)) return value.map(celValue)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, celValue(item)]))
}

type Verdict = 'holds' | 'broken' | 'undecided'

function evaluate(rule: CelRule, self: unknown): Verdict {
  try {
    return compile(rule.rule)({ self }) === true ? 'holds' : 'broken'
  } catch {
    return 'undecided'
  }
}

function fieldPathOf(rule: CelRule): string[] {
  return rule.fieldPath === undefined ? [] : rule.fieldPath.split('.').slice(1)
}

/** Where the rule is broken: at its field path, or at the items of a list there that break it by themselves. */
function placesOf(rule: CelRule, self: Record<string, unknown>, path: Path): Path[] {
  const below = fieldPathOf(rule)
  const [name] = below
  const list = below.length === 1 && name !== undefined ? self[name] : undefined
  if (!Array.isArray(list)) return [[...path, ...below]]
  const guilty = list.flatMap((item, index) => (evaluate(rule, { ...self, [name as string]: [item] }) === 'broken' ? [[...path, name as string, index]] : []))
  return guilty.length > 0 ? guilty : [[...path, ...below]]
}

function duplicates(schema: JsonSchema, list: readonly unknown[], path: Path): Finding[] {
  const kind = schema['x-kubernetes-list-type']
  if (kind !== 'map' && kind !== 'set') return []
  const keyOf = (item: unknown) => (kind === 'map' ? (item as { name?: unknown } | null)?.name : item)
  const first = new Map<unknown, number>()
  return list.flatMap((item, index): Finding[] => {
    const key = keyOf(item)
    const earlier = first.get(key)
    if (key === undefined || earlier === undefined) {
      first.set(key, index)
      return []
    }
    const place = kind === 'map' ? [...path, index, 'name'] : [...path, index]
    return [{ path: place, code: 'list.duplicate', message: `${String(key)} is in ${path.at(-1)} already, as item ${earlier + 1}: remove one or rename it` }]
  })
}

/**
 * Checks every rule and every list of unique items. A rule that cannot be decided because the shape is wrong, or whose
 * object is itself misshapen (`misshapen` holds the paths of shape problems), is left out: mend the shape first.
 */
export function checkRules(value: unknown, misshapen: readonly Path[]): Finding[] {
  const wrong = new Set(misshapen.flatMap((path) => [formatPath(path), formatPath(path.slice(0, -1))]))
  const findings: Finding[] = []
  const walk = (schema: JsonSchema, node: unknown, path: Path): void => {
    if (Array.isArray(node)) {
      findings.push(...duplicates(schema, node, path))
      for (const [index, item] of node.entries()) if (schema.items) walk(schema.items, item, [...path, index])
      return
    }
    if (node === null || typeof node !== 'object') return
    const rules = wrong.has(formatPath(path)) ? [] : ((schema['x-kubernetes-validations'] ?? []) as CelRule[])
    const self = celValue(node) as Record<string, unknown>
    for (const rule of rules) {
      const verdict = evaluate(rule, self)
      if (verdict === 'holds' || (verdict === 'undecided' && misshapen.length > 0)) continue
      findings.push(...placesOf(rule, self, path).map((place) => ({ path: place, code: 'rule.broken', message: rule.message })))
    }
    for (const [name, property] of Object.entries(schema.properties ?? {})) walk(property, (node as Record<string, unknown>)[name], [...path, name])
  }
  walk(JSON.parse(JSON.stringify(Pipeline)) as JsonSchema, value, [])
  return findings
}
