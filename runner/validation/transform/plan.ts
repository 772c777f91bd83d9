// planTransforms: computes the loaded fields from the declared fields and the transformers. Called before the source is read: by the
// assembly, for the loader's columns and key, and by the column program.
import type { Field, Schema } from '../../../crds/fields.ts'
import { problemOfSchema } from '../../../crds/validation.ts'
import { type ChangedField, FieldTransformer, HeadgateError, type RecordField, type Transformer } from '../../../sdk/index.ts'
import { messageOf } from '../../../sdk/thrown.ts'
import { compileField } from '../field-plan.ts'
import type { MissingPolicy } from '../missing.ts'
import { similarName } from '../similar-name.ts'

export type TransformPlan = {
  /** The declared schema with the output fields of the last transformer; the declared schema itself without transformers. */
  schema: Schema
  steps: readonly PlannedStep[]
}

export type PlannedStep = {
  transformer: Transformer
  /** Class of the transformer, as messages and errors name it. */
  name: string
  /** The input fields. */
  given: readonly Field[]
  /** The output fields. */
  fields: readonly Field[]
  /** For a FieldTransformer: the origin of each output field. Undefined if whole records are transformed. */
  moves: readonly Move[] | undefined
}

/** `from`: name of the input field. `changed`: whether its values are changed. */
export type Move = { from: string; changed: boolean }

/** Throws InvalidTransform. */
export function planTransforms(schema: Schema, transformers: readonly Transformer[]): TransformPlan {
  if (transformers.length === 0) return { schema, steps: [] }
  const steps: PlannedStep[] = []
  let fields: readonly Field[] = schema.fields.map(withoutNotation)
  for (const [place, transformer] of transformers.entries()) {
    const step = planStep(transformer, nameOf(transformer, place), fields)
    steps.push(step)
    fields = step.fields
  }
  const planned = { ...schema, fields: [...fields] }
  checkKeys(planned)
  return { schema: planned, steps }
}

/** The parts of a declaration that apply to values that were already read. */
function withoutNotation(field: Field): RecordField {
  const { from, whenMissing, references, nullTokens, trim, decimalComma, patterns, zone, trueWords, falseWords, ...rest } = field
  return rest
}

function planStep(transformer: Transformer, name: string, given: readonly Field[]): PlannedStep {
  const returned = outputOf(transformer, name, given)
  const moves = transformer instanceof FieldTransformer ? movesOf(transformer, name, given, returned) : undefined
  const fields = moves === undefined ? returned : returned.map(({ from, ...field }) => field)
  const problem = problemOfSchema({ fields })
  if (problem !== undefined) throw invalid(name, `its output is not valid: ${problem}`)
  const repeated = fields.find((field, index) => fields.findIndex(({ name: other }) => other === field.name) < index)
  if (repeated !== undefined) throw invalid(name, `its output has the field ${repeated.name} twice`)
  for (const field of fields) checkField(name, field)
  return { transformer, name, given, fields, moves }
}

/** Throws InvalidTransform for faults that only compiling finds, such as a bound that is not a value of the type. */
function checkField(name: string, field: Field): void {
  try {
    compileField(field, { column: undefined, keyBytes: undefined })
  } catch (cause) {
    throw invalid(name, `its output is not valid: ${messageOf(cause)}`, cause)
  }
}

/** A copy, so that a plugin cannot change the plan later. */
function outputOf(transformer: Transformer, name: string, given: readonly Field[]): ChangedField[] {
  let returned: unknown
  try {
    // A class of an older SDK does not have this method.
    returned = transformer.output === undefined ? given : transformer.output(structuredClone(given))
    if (Array.isArray(returned)) return JSON.parse(JSON.stringify(returned))
  } catch (cause) {
    if (cause instanceof HeadgateError) throw cause
    throw invalid(name, `output failed: ${messageOf(cause)}`, cause)
  }
  throw invalid(name, 'output returned no list of fields; it must return one, and not a promise')
}

function movesOf(transformer: FieldTransformer, name: string, given: readonly Field[], returned: readonly ChangedField[]): Move[] {
  const byName = new Map(given.map((field) => [field.name, field]))
  const named: unknown = transformer.fields
  const changes = new Set(Array.isArray(named) ? named.map(String) : [])
  if (changes.size === 0 && !Array.isArray(named)) throw invalid(name, 'fields is no list of names')
  for (const field of changes) if (!byName.has(field)) throw invalid(name, `it changes ${unknown(field, byName)}`)
  return returned.map((field) => {
    const from = field?.from ?? field?.name
    const source = byName.get(from)
    if (source === undefined) throw invalid(name, `its output has ${unknown(String(from), byName)}; only a RecordTransformer can add a field`)
    const changed = changes.has(from)
    if (!changed && !sameDeclaration(source, field)) throw invalid(name, `its output declares ${from} anew, which it does not change; name it in fields`)
    return { from, changed }
  })
}

function unknown(field: string, known: ReadonlyMap<string, Field>): string {
  const near = similarName(field, [...known.keys()])
  return `${field}, which is no field there${near === undefined ? '' : `; did you mean ${near}?`}`
}

/** Whether two fields declare the same of their values, whatever their names. */
export function sameDeclaration(one: RecordField, other: ChangedField): boolean {
  return declaration(one) === declaration(other)
}

function declaration({ name: _name, from: _from, ...rest }: ChangedField): string {
  return JSON.stringify(Object.entries(rest).toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function checkKeys({ fields, primaryKey = [], versionField }: Schema): void {
  const names = fields.map(({ name }) => name)
  for (const name of versionField === undefined ? primaryKey : [...primaryKey, versionField]) {
    const field = fields.find((candidate) => candidate.name === name)
    const what = primaryKey.includes(name) ? 'primaryKey' : 'versionField'
    if (field === undefined) throw invalidKey(`schema.${what} names ${name}, which does not come out of the transforms, only ${names.join(', ').slice(0, 500)}`)
    if (primaryKey.includes(name) && field.nullable === true) throw invalidKey(`schema.primaryKey names ${name}, which may be null after the transforms`)
  }
}

/** Throws InvalidTransform for a field with whenMissing keep that a transform renames or drops: its column cannot keep its values. */
export function checkKept(declared: Schema, loaded: Schema, whenMissing: MissingPolicy): void {
  const lost = declared.fields.find((field) => whenMissing(field) === 'keep' && !loaded.fields.some(({ name }) => name === field.name))
  if (lost === undefined) return
  throw new HeadgateError(
    'InvalidTransform',
    `${lost.name} does not come out of the transforms, so whenMissing: keep has no column to keep; set whenMissing of the field to reject or nullify`,
  )
}

function invalidKey(problem: string): HeadgateError {
  return new HeadgateError('InvalidTransform', `${problem}; correct the key or what the transforms output`)
}

function invalid(name: string, problem: string, cause?: unknown): HeadgateError {
  return new HeadgateError('InvalidTransform', `transform ${name}: ${problem}`, { cause })
}

function nameOf(transformer: Transformer, place: number): string {
  const unnamed = `transform[${place}]`
  try {
    const { name } = transformer.constructor
    return typeof name !== 'string' || name === '' || name === 'default' ? unnamed : name.slice(0, 100)
  } catch {
    return unnamed
  }
}
