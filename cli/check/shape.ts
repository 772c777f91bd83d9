// Does the manifest have the shape of its kind? Ajv decides, this module says it in words.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { isDateTime } from '../../crds/date-time.ts'
import type { JsonSchema } from '../../crds/structural.ts'
import { closest } from '../../crds/suggest.ts'
import type { Kind } from './kinds.ts'
import { type Finding, formatPath, type Path } from './problem.ts'

// The schema is our own, checked by a test; to check it again, and to optimise code that runs once, takes longer than the check.
const ajv = new Ajv({
  allErrors: true,
  strict: false,
  verbose: true,
  meta: false,
  validateSchema: false,
  code: { optimize: false },
  formats: { 'date-time': isDateTime },
})
const compiled = new Map<Kind, ValidateFunction>()

function validatorOf(kind: Kind): ValidateFunction {
  const validate = compiled.get(kind) ?? ajv.compile(kind.schema)
  compiled.set(kind, validate)
  return validate
}

const kinds: Record<string, string> = {
  object: 'a map of fields',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

function kindOf(schema: JsonSchema): string {
  if (schema.anyOf) return schema.anyOf.map(kindOf).join(' or ')
  const range = schema.maximum === undefined ? '' : ` from ${schema.minimum} to ${schema.maximum}`
  return (kinds[schema.type ?? ''] ?? 'something else') + range
}

function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value !== null && typeof value === 'object') return 'a map'
  const text = String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** Decodes a JSON pointer; digits are list indexes, because no field of a Pipeline is named by a number. */
function pathOf(pointer: string): Path {
  const parts = pointer.split('/').slice(1)
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')))
}

function nameOf(path: Path): string {
  const last = path.at(-1) ?? 'the document'
  return typeof last === 'number' ? 'the item' : last
}

function wrongType(path: Path, value: unknown, schema: JsonSchema): Finding {
  const name = nameOf(path)
  const wanted = kindOf(schema)
  if (value === null) return { path, at: 'key', code: 'value.type', message: `${name} has no value: give ${wanted} or remove it` }
  if (typeof value === 'number' && !Number.isInteger(value) && schema['x-kubernetes-int-or-string']) {
    return { path, code: 'value.type', message: `${name} must be a whole number or text: write a decimal in quotes`, suggestion: `"${value}"` }
  }
  const quoted = schema.type === 'string' && typeof value !== 'object' ? { suggestion: `"${value}"` } : {}
  const advice = schema.type === 'string' && typeof value !== 'object' ? ': put it in quotes' : ''
  return { path, code: 'value.type', message: `${name} must be ${wanted}, not ${show(value)}${advice}`, ...quoted }
}

function notAllowed(path: Path, value: unknown, words: readonly unknown[]): Finding {
  const known = words.map(String)
  const suggestion = typeof value === 'string' ? closest(value, known) : undefined
  const message = `${nameOf(path)} cannot be ${show(value)}: it is ${known.length === 1 ? '' : 'one of '}${known.join(', ')}`
  return { path, code: 'value.enum', message, ...(suggestion === undefined ? {} : { suggestion }) }
}

function unknownField(path: Path, name: string, parent: JsonSchema): Finding {
  const known = Object.keys(parent.properties ?? {})
  const suggestion = closest(name, known)
  const found = { path: [...path, name], at: 'key' as const, code: 'field.unknown' }
  if (suggestion === undefined) return { ...found, message: `unknown field ${name}: remove it; there are ${known.join(', ')}` }
  return { ...found, message: `unknown field ${name}; did you mean ${suggestion}?`, suggestion }
}

function bounds(path: Path, error: ErrorObject): Finding {
  const name = nameOf(path)
  const limit = (error.params as { limit?: number }).limit
  const said: Record<string, string> = {
    minimum: `${name} must be at least ${limit}, not ${show(error.data)}`,
    maximum: `${name} must be at most ${limit}, not ${show(error.data)}`,
    minLength: `${name} must not be empty: give a value or remove it`,
    maxLength: `${name} must have at most ${limit} characters: shorten it`,
    maxProperties: `${name} must have at most ${limit} entries: remove some`,
    minItems: `${name} must have at least ${limit} item: add one or remove ${name}`,
    maxItems: `${name} must have at most ${limit} items: remove some`,
  }
  return { path, code: `value.${error.keyword}`, message: said[error.keyword] ?? `${name} ${error.message}` }
}

function describe(error: ErrorObject): Finding {
  const path = pathOf(error.instancePath)
  const schema = (error.parentSchema ?? {}) as JsonSchema
  const params = error.params as Record<string, string & unknown[]>
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField(path, params.additionalProperty ?? '', schema)
    case 'required': {
      const name = params.missingProperty ?? ''
      const help = schema.properties?.[name]?.description
      return { path: [...path, name], code: 'field.required', message: `${name} is missing: add it${help ? ` (${help.replace(/\.$/, '')})` : ''}` }
    }
    case 'type':
    case 'anyOf':
      return wrongType(path, error.data, schema)
    case 'enum':
      return notAllowed(path, error.data, params.allowedValues ?? [])
    case 'const':
      return notAllowed(path, error.data, [params.allowedValue])
    case 'pattern':
    case 'format':
      return { path, code: 'value.pattern', message: `${nameOf(path)} cannot be ${show(error.data)}: ${schema['x-headgate-form']}` }
    default:
      return bounds(path, error)
  }
}

/** Everything about the shape that is wrong; unions are reported as one problem, not one for each alternative. */
export function checkShape(value: unknown, kind: Kind): Finding[] {
  const validate = validatorOf(kind)
  if (validate(value)) return []
  const errors = validate.errors ?? []
  const unions = errors.filter((error) => error.keyword === 'anyOf')
  const inUnion = (error: ErrorObject) =>
    unions.some((union) => union.instancePath === error.instancePath && error.schemaPath.startsWith(`${union.schemaPath}/`))
  const repeats = (error: ErrorObject) =>
    error.keyword === 'type' && errors.some((other) => other.keyword === 'const' && other.instancePath === error.instancePath)
  const findings = errors.filter((error) => !inUnion(error) && !repeats(error)).map(describe)
  // A value of the wrong form may break both its pattern and its format.
  return findings.filter(
    ({ path, message }, index) => findings.findIndex((other) => other.message === message && formatPath(other.path) === formatPath(path)) === index,
  )
}
