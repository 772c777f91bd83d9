// decideFields: what a difference between a source's fields and the schema leads to: the run fails, or columns keep their values or get null.
// Used when a run is planned, for each input, and when batches are bound.
import { type Schema, sourceName } from '../../crds/fields.ts'
import { HeadgateError } from '../../sdk/index.ts'
import type { Differences, MissingField } from './differences.ts'
import type { MissingPolicy } from './missing.ts'
import { quoted } from './quoted-names.ts'
import { hasSecrets } from './secrecy.ts'

export type FieldDecision = {
  /** Why the run cannot go on: MissingField, UnknownField or DuplicateField. */
  failure: HeadgateError | undefined
  /** Missing fields whose columns are not written. */
  kept: MissingField[]
  /** Missing fields that are loaded as null. */
  nullified: MissingField[]
}

/** `fields` are those of the source. */
export type DecisionOptions = { schema: Schema; fields: readonly string[]; whenMissing: MissingPolicy; name?: string }

/** `name` is the source's in messages. */
export function decideFields(differences: Differences, options: DecisionOptions): FieldDecision {
  const { missing } = differences
  const withOutcome = (outcome: string) => missing.filter(({ field }) => options.whenMissing(field) === outcome)
  return { failure: failureOf(differences, options), kept: withOutcome('keep'), nullified: withOutcome('nullify') }
}

function failureOf(differences: Differences, options: DecisionOptions): HeadgateError | undefined {
  const { schema, whenMissing, name = 'the source' } = options
  const { repeated, missing, added } = differences
  if (repeated.length > 0) return repeatedFields(schema, repeated, name)
  const refused = missing.filter(({ field }) => whenMissing(field) === 'reject')
  if (refused.length > 0) return missingFields(options, refused, added)
  if (missing.length === schema.fields.length) return missingFields(options, missing, added)
  return added.length > 0 && schema.unknownFields === 'reject' ? unknownFields(schema, added, name) : undefined
}

/** Names the added field that is probably the missing one, to append to a message; empty if there is none, or if names are hidden. */
export function hintOf(schema: Schema, { field, near }: MissingField): string {
  return near === undefined || hasSecrets(schema) ? '' : `; ${likeness(near, sourceName(field))}`
}

function likeness(near: string, name: string): string {
  return `${quoted([near])} looks like ${quoted([name])}: if it is meant, declare from: ${quoted([near])}`
}

function repeatedFields(schema: Schema, repeated: readonly string[], name: string): HeadgateError {
  return new HeadgateError(
    'DuplicateField',
    `${name} has the field ${found(schema, repeated)} twice; the schema declares ${schema.fields.length} fields and cannot tell them apart: rename one in the source`,
  )
}

function missingFields({ schema, fields, name = 'the source' }: DecisionOptions, missing: readonly MissingField[], added: readonly string[]): HeadgateError {
  const hints = hasSecrets(schema) ? [] : missing.flatMap(({ field, near }) => (near === undefined ? [] : [likeness(near, sourceName(field))]))
  const advice = hints.length > 0 ? hints.join(', ') : adviceFor(missing, added.length === fields.length)
  const names = quoted(missing.map(({ field }) => sourceName(field)))
  return new HeadgateError('MissingField', `${name} has no field ${names}, only ${found(schema, fields)}; ${advice}`)
}

/** Without a single declared field the input is another one, or it is read with the wrong options. */
function adviceFor(missing: readonly MissingField[], noneIsThere: boolean): string {
  if (noneIsThere) return 'none of the declared fields is there: is it the right file, and are format.csv.delimiter, encoding and skipLines right?'
  return missing.some(({ field }) => field.nullable === true)
    ? 'correct the delivery, or set whenMissing to keep or nullify'
    : 'set from: to its name in the source, or declare it nullable'
}

function unknownFields(schema: Schema, names: readonly string[], name: string): HeadgateError {
  return new HeadgateError(
    'UnknownField',
    `${name} has ${found(schema, names)}, which the schema does not declare; declare it, or set unknownFields to capture or ignore`,
  )
}

/** Names of the source's fields. In a file without a header line they are values of a record, so a pipeline with sensitive fields shows declared ones only. */
function found(schema: Schema, names: readonly string[]): string {
  if (!hasSecrets(schema)) return quoted(names)
  const declared = new Set(schema.fields.map(sourceName))
  const known = names.filter((name) => declared.has(name))
  const others = `${names.length - known.length} whose names are hidden, because the pipeline has sensitive fields`
  return known.length === names.length ? quoted(known) : known.length === 0 ? others : `${quoted(known)} and ${others}`
}
