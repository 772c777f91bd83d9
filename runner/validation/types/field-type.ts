// FieldType: everything about one declared type in one place: reading, comparing, writing, and the fast cell.
import type { Field } from '../../../crds/fields.ts'
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import type { CellRules } from '../../records/byte-batch.ts'
import type { Problem } from '../problem.ts'

/** Reads a source value that is not null: the canonical value of TypedRecord, or a Problem. */
export type Parse = (input: unknown) => unknown

/** Writes canonical values of one type into one column. */
export type Encoder = {
  /** The reason why PostgreSQL would refuse this value in this column, or change it silently; undefined if it would not. */
  fit(value: unknown): Problem | undefined
  /** Appends the value's length and bytes in COPY's binary format; only for values that fit, never for null. */
  write(rows: EncodedRows, value: unknown): void
}

/**
 * Reads a cell from its bytes and appends it to `rows`, in which room is reserved. Returns true only if the slow path would accept
 * the value and write the same bytes. False decides nothing, and may leave bytes in `rows`.
 */
export type Cell = (bytes: Uint8Array, start: number, end: number, rows: EncodedRows) => boolean

export interface FieldType {
  parser(field: Field): Parse
  /** Undefined if this type cannot go into the column. */
  encoder(column: DestinationColumn): Encoder | undefined
  /** Orders two canonical values, for min and max. Missing for types without an order. */
  compare?(one: unknown, other: unknown): number
  /** Undefined if only the slow path can read the column. */
  cell(field: Field, column: DestinationColumn, rules: CellRules): Cell | undefined
}

export function never(): undefined {
  return undefined
}
