// bindFields: finds the declared fields among those that a batch really has.
import type { Field, Schema } from '../../crds/fields.ts'
import { HeadgateError } from '../../sdk/index.ts'

/** Where the declared fields are. */
export type Binding = {
  /** Index into the batch's fields for each declared field, -1 for a nullable one that the source does not have. */
  columns: Int32Array
  /** Source fields that nobody declared. */
  extra: { name: string; column: number }[]
  /** Nullable fields that the source does not have: they load as null. */
  missing: string[]
}

/** Throws MissingField and UnknownField. */
export function bindFields(schema: Schema, fields: readonly string[]): Binding {
  const at = new Map(fields.map((name, column) => [name, column]))
  if (at.size < fields.length) throw twice(schema, fields)
  const columns = Int32Array.from(schema.fields, (field) => at.get(sourceName(field)) ?? -1)
  const missing = schema.fields.filter((_field, index) => columns[index] === -1)
  const needed = missing.filter((field) => field.nullable !== true)
  if (needed.length > 0) throw missingFields(needed, fields)
  const declared = new Set(schema.fields.map(sourceName))
  const extra = fields.map((name, column) => ({ name, column })).filter(({ name }) => !declared.has(name))
  if (extra.length > 0 && schema.unknownFields === 'reject') throw unknownFields(extra.map(({ name }) => name))
  return { columns, extra, missing: missing.map((field) => field.name) }
}

/** What the source calls the field. */
export function sourceName(field: Field): string {
  return field.from ?? field.name
}

function twice(schema: Schema, fields: readonly string[]): HeadgateError {
  const repeated = fields.filter((name, index) => fields.indexOf(name) !== index)
  return new HeadgateError(
    'DuplicateField',
    `the source has the field ${quoted(repeated)} twice; the schema declares ${schema.fields.length} fields and cannot tell them apart: rename one in the source`,
  )
}

function missingFields(needed: Field[], fields: readonly string[]): HeadgateError {
  const names = needed.map(sourceName)
  const hints = names.flatMap((name) => {
    const near = closest(name, fields)
    return near === undefined ? [] : [`${JSON.stringify(near)} looks like ${JSON.stringify(name)}`]
  })
  const hint = hints.length === 0 ? '' : `; ${hints.join(', ')}: set from: to its name`
  return new HeadgateError('MissingField', `the source has no field ${quoted(names)}, only ${quoted(fields)}${hint}, or declare it nullable`)
}

function unknownFields(names: string[]): HeadgateError {
  return new HeadgateError(
    'UnknownField',
    `the source has ${quoted(names)}, which the schema does not declare; declare it, or set unknownFields to capture or ignore`,
  )
}

const mostNamed = 50

function quoted(names: readonly string[]): string {
  const shown = names
    .slice(0, mostNamed)
    .map((name) => JSON.stringify(name))
    .join(', ')
  return names.length > mostNamed ? `${shown} and ${names.length - mostNamed} more` : shown
}

/** The name that differs least, if it differs little; case and punctuation do not count. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(plain(name).length / 3)) + 1
  for (const candidate of candidates.slice(0, 1000)) {
    const distance = edits(plain(name), plain(candidate))
    if (distance >= least) continue
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
