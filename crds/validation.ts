// Validates a whole Pipeline as the API server does: shape, patterns and rules. The operator asks when it reads back what it wrote;
// loaded only then, because compiling the schema takes time and memory. `headgate check` says more, and where.
import { Ajv, type ValidateFunction } from 'ajv'
import { isDateTime } from './date-time.ts'
import { celValue, ruleVerdict } from './rule-verdict.ts'
import { pipelineSchema } from './schema.ts'
import { type CelRule, isTransition } from './shapes.ts'
import type { JsonSchema } from './structural.ts'

const schemaOfFields = (pipelineSchema as JsonSchema).properties?.spec?.properties?.schema as JsonSchema

let compiled: ValidateFunction | undefined
let compiledFields: ValidateFunction | undefined

/** The first thing that is wrong, and where; undefined if nothing is. */
export function problemOfPipeline(pipeline: unknown): string | undefined {
  compiled ??= new Ajv({ strict: false, meta: false, validateSchema: false, formats: { 'date-time': isDateTime } }).compile(pipelineSchema)
  if (compiled(pipeline)) return brokenRule(pipelineSchema as JsonSchema, pipeline, '')
  const [error] = compiled.errors ?? []
  return `${fieldOf(error?.instancePath ?? '')} ${error?.message}; correct the Pipeline`
}

/** The same of what could stand under spec.schema: fields that a transformer returns. */
export function problemOfSchema(schema: unknown): string | undefined {
  compiledFields ??= new Ajv({ strict: false, meta: false, validateSchema: false }).compile(schemaOfFields)
  if (compiledFields(schema)) return brokenRule(schemaOfFields, schema, '/')
  const [error] = compiledFields.errors ?? []
  return `${fieldOf(error?.instancePath ?? '')} ${error?.message}`
}

function brokenRule(schema: JsonSchema, value: unknown, path: string): string | undefined {
  if (value === null || typeof value !== 'object') return undefined
  if (Array.isArray(value)) return first(value, (item, index) => (schema.items === undefined ? undefined : brokenRule(schema.items, item, `${path}/${index}`)))
  const self = celValue(value)
  const rules = ((schema['x-kubernetes-validations'] ?? []) as CelRule[]).filter((rule) => !isTransition(rule))
  const broken = rules.find((rule) => ruleVerdict(rule, self) !== 'holds')
  if (broken !== undefined) return `${fieldOf(path)}: ${broken.message}`
  const entries = Object.entries(schema.properties ?? {})
  return first(entries, ([name, property]) => brokenRule(property, (value as Record<string, unknown>)[name], `${path}/${name}`))
}

function first<Item>(items: readonly Item[], find: (item: Item, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index)
    if (found !== undefined) return found
  }
  return undefined
}

/** A JSON pointer as people write it. */
function fieldOf(pointer: string): string {
  return pointer === '' ? 'the Pipeline' : pointer.slice(1).replaceAll('/', '.')
}
