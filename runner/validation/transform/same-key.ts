// newestOfEachKey: of the records with one key that were made of one source record, selects the one that is loaded. These records share
// `_pos`, by which the destination would select, so the selection is made here.

import type { TypedRecord } from '../../../sdk/index.ts'
import { EncodedRows } from '../../copy/encoded-rows.ts'
import type { FieldPlan } from '../field-plan.ts'
import { fieldTypes } from '../types/index.ts'

/** Returns the records that are loaded, in their order. */
export type NewestOfEachKey = (records: readonly TypedRecord[]) => TypedRecord[]

/**
 * The larger version wins, then the later record. Keys are compared by their encoded bytes. In a key column that the database compares
 * otherwise (see `equalsByBytes`) equal keys may remain; the merge statement selects one. Undefined without a key.
 */
export function compileNewest(fields: readonly FieldPlan[], key: readonly string[], versionField: string | undefined): NewestOfEachKey | undefined {
  const plans = fields.filter(({ name }) => key.includes(name))
  if (key.length === 0) return undefined
  const version = fields.find(({ name }) => name === versionField)
  const identity = identifier(plans)
  return (records) => {
    const newest = new Map<string, TypedRecord>()
    for (const record of records) {
      const id = identity(record)
      const present = newest.get(id)
      if (present === undefined || version === undefined || !isNewer(version, present, record)) newest.set(id, record)
    }
    return newest.size === records.length ? [...records] : [...newest.values()]
  }
}

/** Whether the first has the larger version; null is the smallest. */
function isNewer({ name, field }: FieldPlan, one: TypedRecord, other: TypedRecord): boolean {
  if (one[name] === null || other[name] === null) return one[name] !== null
  return (fieldTypes[field.type].compare?.(one[name], other[name]) ?? 0) > 0
}

/** The key's bytes as a string. The buffer is allocated when a record has become several for the first time. */
function identifier(plans: readonly FieldPlan[]): (record: TypedRecord) => string {
  let rows: EncodedRows | undefined
  return (record) => {
    rows ??= new EncodedRows()
    rows.clear()
    for (const plan of plans) {
      const start = rows.length
      const value = record[plan.name]
      // Negative zero equals zero.
      plan.encoder?.write(rows, value === 0 ? 0 : value)
      // 1.0 and 1.00 are equal; the scale stands behind the length, and the count, weight and sign of the digits.
      if (plan.column?.type === 'numeric') rows.bytes.fill(0, start + 10, start + 12)
    }
    return rows.bytes.toString('latin1', 0, rows.length)
  }
}
