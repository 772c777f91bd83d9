// observedFields: what a batch's ledger row keeps of differences between the source's fields and the schema.
import type { Schema } from '../../crds/fields.ts'
import type { RecordBatch } from '../../sdk/index.ts'
import { mostObservedNames, type ObservedFields, type ObservedNames } from '../../store/observed.ts'
import type { RejectedRecord } from '../records/program.ts'
import type { Differences } from './differences.ts'
import { hasSecrets } from './secrecy.ts'

/** Fewer values say too little about a field. */
const leastValues = 10

/** Undefined if the fields are as declared. Names of added fields may be values, so they are left out beside sensitive fields. */
export function observedFields(schema: Schema, { added, missing, moved }: Differences, retyped: readonly string[]): ObservedFields | undefined {
  const all: [keyof ObservedFields, readonly string[]][] = [
    ['added', added],
    ['missing', missing.map(({ field }) => field.name)],
    ['moved', moved.map(({ name }) => name)],
    ['retyped', retyped],
  ]
  const found = all.filter(([, names]) => names.length > 0)
  if (found.length === 0) return undefined
  return Object.fromEntries(found.map(([kind, names]): [string, ObservedNames] => [kind, { count: names.length, names: shownNames(kind, names, schema) }]))
}

const mostCharacters = 100

function shownNames(kind: string, names: readonly string[], schema: Schema): string[] {
  if (kind === 'added' && hasSecrets(schema)) return []
  return names.slice(0, mostObservedNames).map((name) => name.slice(0, mostCharacters).replaceAll('\0', '\u{fffd}'))
}

/** Fields of which at least half of a batch's records have a value that is not of the declared type. */
export function retypedFields({ size }: Pick<RecordBatch, 'size'>, rejected: readonly RejectedRecord[]): string[] {
  const least = Math.max(leastValues, size / 2)
  if (rejected.length < least) return []
  const counts = new Map<string, number>()
  for (const { errors } of rejected) {
    for (const { field, code } of errors) if (field !== undefined && code.split('.')[0] === 'type') counts.set(field, (counts.get(field) ?? 0) + 1)
  }
  return [...counts].filter(([, count]) => count >= least).map(([field]) => field)
}
