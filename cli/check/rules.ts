// The rules of the CRD, evaluated offline with the same words as on the API server.
import { celValue, ruleVerdict } from '../../crds/rule-verdict.ts'
import { type CelRule, isTransition } from '../../crds/shapes.ts'
import type { JsonSchema } from '../../crds/structural.ts'
import { type Finding, formatPath, type Path } from './problem.ts'

function fieldPathOf(rule: CelRule): string[] {
  return rule.fieldPath === undefined ? [] : rule.fieldPath.split('.').slice(1)
}

/** The object with another value at the path below it. */
function replaced(node: Record<string, unknown>, [name, ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  if (name === undefined) return node
  return { ...node, [name]: rest.length === 0 ? value : replaced(node[name] as Record<string, unknown>, rest, value) }
}

/** Where the rule is broken: at its field path, or at the items of a list there that break it by themselves. */
function placesOf(rule: CelRule, self: Record<string, unknown>, path: Path): Path[] {
  const below = fieldPathOf(rule)
  const list =
    rule.reason === 'FieldValueForbidden' ? undefined : below.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], self)
  if (below.length === 0 || !Array.isArray(list)) return [[...path, ...below]]
  const guilty = list.flatMap((item, index) => (ruleVerdict(rule, replaced(self, below, [item])) === 'broken' ? [[...path, ...below, index]] : []))
  return guilty.length > 0 ? guilty : [[...path, ...below]]
}

function duplicates(schema: JsonSchema, list: readonly unknown[], path: Path): Finding[] {
  const kind = schema['x-kubernetes-list-type']
  if (kind !== 'map' && kind !== 'set') return []
  const [keyName = 'name'] = (schema['x-kubernetes-list-map-keys'] ?? []) as string[]
  const keyOf = (item: unknown) => (kind === 'map' ? (item as Record<string, unknown> | null)?.[keyName] : item)
  const first = new Map<unknown, number>()
  return list.flatMap((item, index): Finding[] => {
    const key = keyOf(item)
    const earlier = first.get(key)
    if (key === undefined || earlier === undefined) {
      first.set(key, index)
      return []
    }
    const place = kind === 'map' ? [...path, index, keyName] : [...path, index]
    return [{ path: place, code: 'list.duplicate', message: `${String(key)} is in ${path.at(-1)} already, as item ${earlier + 1}: remove one or rename it` }]
  })
}

/** Whether a shape problem stands directly in the object at a path and matters to the rule: then it is mended first. */
function concerns(rule: CelRule, path: Path, { path: wrong, code }: Finding): boolean {
  if (wrong.length !== path.length + 1 || formatPath(wrong.slice(0, -1)) !== formatPath(path)) return false
  return code.startsWith('field.') || rule.rule.includes(`self.${wrong.at(-1)}`)
}

/** In a map the rule is broken by entries, each at its name. */
function inEntries(rule: CelRule, self: Record<string, unknown>, path: Path, findings: Finding[]): Finding[] {
  const guilty = Object.entries(self).filter(([name, value]) => ruleVerdict(rule, { [name]: value }) === 'broken')
  return guilty.length === 0 ? findings : guilty.map(([name]) => ({ path: [...path, name], at: 'key', code: 'rule.broken', message: rule.message }))
}

function broken(schema: JsonSchema, node: object, path: Path, shape: readonly Finding[]): Finding[] {
  const self = celValue(node) as Record<string, unknown>
  const rules = ((schema['x-kubernetes-validations'] ?? []) as CelRule[]).filter(
    (rule) => !isTransition(rule) && !shape.some((finding) => concerns(rule, path, finding)),
  )
  return rules.flatMap((rule): Finding[] => {
    const verdict = ruleVerdict(rule, self)
    if (verdict === 'holds' || (verdict === 'undecided' && shape.length > 0)) return []
    const findings = placesOf(rule, self, path).map((place): Finding => ({ path: place, code: 'rule.broken', message: rule.message }))
    return typeof schema.additionalProperties === 'object' ? inEntries(rule, self, path, findings) : findings
  })
}

/**
 * Checks every rule that does not compare with the previous object, and every list of unique items. `shape`: the findings about the
 * shape; a rule that cannot be evaluated because of one of them is skipped.
 */
export function checkRules(value: unknown, shape: readonly Finding[], definition: JsonSchema): Finding[] {
  const walk = (schema: JsonSchema, node: unknown, path: Path): Finding[] => {
    if (Array.isArray(node))
      return [...duplicates(schema, node, path), ...node.flatMap((item, index) => (schema.items ? walk(schema.items, item, [...path, index]) : []))]
    if (node === null || typeof node !== 'object') return []
    const below = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
      walk(property, (node as Record<string, unknown>)[name], [...path, name]),
    )
    return [...broken(schema, node, path, shape), ...below]
  }
  return walk(definition, value, [])
}
