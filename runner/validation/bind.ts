// bindFields: finds the declared fields among those that a batch really has.
import { type Schema, sourceName } from '../../crds/fields.ts'
import type { ObservedFields } from '../../store/observed.ts'
import { type Differences, differencesOf } from './differences.ts'
import { observedFields } from './observed.ts'

/** Where the declared fields are. */
export type Binding = {
  /** Index into the batch's fields for each declared field, -1 for one that the source does not have. */
  columns: Int32Array
  differences: Differences
  /** The differences, as the ledger keeps them. */
  observed: ObservedFields | undefined
}

export function bindFields(schema: Schema, fields: readonly string[]): Binding {
  const places = new Map(fields.map((field, place) => [field, place]))
  const columns = Int32Array.from(schema.fields, (field) => places.get(sourceName(field)) ?? -1)
  const differences = differencesOf(schema, fields)
  return { columns, differences, observed: observedFields(schema, differences, []) }
}
