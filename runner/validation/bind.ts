// bindFields: finds the declared fields among those that a batch really has.
import { type Field, type Schema, sourceName } from '../../crds/fields.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { type MissingPolicy, nullifyMissing } from './missing.ts'
import { hasSecrets } from './secrecy.ts'

/** Where the declared fields are. */
export type Binding = {
  /** Index into the batch's fields for each declared field, -1 for one that the source does not have. */
  columns: Int32Array
  /** Source fields that nobody declared. */
  extra: { name: string; column: number }[]
  /** Fields that the source does not have and that the policy does not reject. */
  missing: Missing[]
}

/** `near`: the undeclared field of the source that is probably meant. */
export type Missing = { field: Field; outcome: 'keep' | 'nullify'; near: string | undefined }

/** `name`: what messages call the source. */
export type BindOptions = { name?: string; whenMissing?: MissingPolicy }

/** Throws MissingField, UnknownField, DuplicateField. */
export function bindFields(schema: Schema, fields: readonly string[], { name = 'the source', whenMissing = nullifyMissing }: BindOptions = {}): Binding {
  const at = new Map(fields.map((field, column) => [field, column]))
  if (at.size < fields.length) throw twice(schema, fields, name)
  const columns = Int32Array.from(schema.fields, (field) => at.get(sourceName(field)) ?? -1)
  const declared = new Set(schema.fields.map(sourceName))
  const extra = fields.map((field, column) => ({ name: field, column })).filter((field) => !declared.has(field.name))
  const lacking = schema.fields.filter((_field, index) => columns[index] === -1)
  const refused = lacking.filter((field) => whenMissing(field) === 'reject')
  const undeclared = extra.map((field) => field.name)
  // A name that is proposed is quoted.
  const proposed = hasSecrets(schema) ? [] : undeclared
  if (refused.length > 0 || lacking.length === schema.fields.length) throw missingFields(schema, refused.length > 0 ? refused : lacking, fields, name)
  if (extra.length > 0 && schema.unknownFields === 'reject') throw unknownFields(schema, undeclared, name)
  const missing = lacking.map((field): Missing => ({ field, outcome: whenMissing(field) as Missing['outcome'], near: closest(sourceName(field), proposed) }))
  return { columns, extra, missing }
}

/** Names the undeclared field that is probably meant, to append to a message; empty if there is none. */
export function hintOf(missing: Missing): string {
  return missing.near === undefined ? '' : `; ${likeness(missing.near, sourceName(missing.field))}`
}

function likeness(near: string, name: string): string {
  return `${shown(near)} looks like ${shown(name)}: if it is meant, declare from: ${shown(near)}`
}

function twice(schema: Schema, fields: readonly string[], name: string): HeadgateError {
  const repeated = fields.filter((field, index) => fields.indexOf(field) !== index)
  return new HeadgateError(
    'DuplicateField',
    `${name} has the field ${found(schema, repeated)} twice; the schema declares ${schema.fields.length} fields and cannot tell them apart: rename one in the source`,
  )
}

function missingFields(schema: Schema, missing: Field[], fields: readonly string[], name: string): HeadgateError {
  const names = missing.map(sourceName)
  const declared = new Set(schema.fields.map(sourceName))
  const undeclared = fields.filter((field) => !declared.has(field))
  const hints = names.flatMap((wanted) => {
    const near = hasSecrets(schema) ? undefined : closest(wanted, undeclared)
    return near === undefined ? [] : [likeness(near, wanted)]
  })
  const advice = hints.length > 0 ? hints.join(', ') : adviceFor(missing, undeclared.length === fields.length)
  return new HeadgateError('MissingField', `${name} has no field ${quoted(names)}, only ${found(schema, fields)}; ${advice}`)
}

/** If not one declared field is there, the input is something else, or it is read in the wrong way. */
function adviceFor(missing: Field[], noneIsThere: boolean): string {
  if (noneIsThere) return 'none of the declared fields is there: is it the right file, and are format.csv.delimiter, encoding and skipLines right?'
  return missing.some((field) => field.nullable === true)
    ? 'correct the delivery, or set whenMissing to keep or nullify'
    : 'set from: to its name in the source, or declare it nullable'
}

function unknownFields(schema: Schema, names: string[], name: string): HeadgateError {
  return new HeadgateError(
    'UnknownField',
    `${name} has ${found(schema, names)}, which the schema does not declare; declare it, or set unknownFields to capture or ignore`,
  )
}

/** Names that the source gives. In a file without a header line they are a record, so none but declared ones are quoted beside sensitive fields. */
function found(schema: Schema, names: readonly string[]): string {
  if (!hasSecrets(schema)) return quoted(names)
  const declared = new Set(schema.fields.map(sourceName))
  const known = names.filter((name) => declared.has(name))
  const others = `${names.length - known.length} whose names are hidden, because the pipeline has sensitive fields`
  return known.length === names.length ? quoted(known) : known.length === 0 ? others : `${quoted(known)} and ${others}`
}

const mostNamed = 50
const mostShown = 100

function quoted(names: readonly string[]): string {
  const named = names.slice(0, mostNamed).map(shown).join(', ')
  return names.length > mostNamed ? `${named} and ${names.length - mostNamed} more` : named
}

/** In quotes, cut to 100 characters, with whatever cannot be seen written as an escape. */
function shown(name: string): string {
  const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu
  const text = JSON.stringify(name.length > mostShown ? `${name.slice(0, mostShown)}…` : name)
  return text.replace(invisible, (character) => `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}`)
}

/** The name that differs least, if it differs little; case and punctuation do not count. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(plain(name).length / 3)) + 1
  for (const candidate of candidates.slice(0, 1000)) {
    const distance = edits(plain(name), plain(candidate))
    if (distance >= least || plain(candidate) === '') continue
    best = candidate
    least = distance
  }
  return best
}

function plain(name: string): string {
  return name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '')
}

/** Levenshtein distance. */
function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const same = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(same, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[other.length] as number
}
