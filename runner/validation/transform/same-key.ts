// newestOfEachKey: of records that one source record became under one key, the one that is loaded. They share `_pos`, by which the
// destination decides between records, so the decision is made here.

import type { TypedRecord } from '../../../sdk/index.ts'
import { EncodedRows } from '../../records/encoded-rows.ts'
import type { FieldPlan } from '../field-plan.ts'
import { fieldTypes } from '../types/index.ts'

/** Returns the records that stay, in their order. */
export type NewestOfEachKey = (records: readonly TypedRecord[]) => TypedRecord[]

/**
 * The larger version wins, then the later record. Keys are compared by the bytes that are written. A key column that the database compares
 * otherwise (`equalsByBytes`) may leave equal keys, between which the merge statement decides. Undefined if rows are not found by a key.
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

/** Whether the first has the larger version; none is smaller than any. */
function isNewer({ name, field }: FieldPlan, one: TypedRecord, other: TypedRecord): boolean {
  if (one[name] === null || other[name] === null) return one[name] !== null
  return (fieldTypes[field.type].compare?.(one[name], other[name]) ?? 0) > 0
}

/** Bytes of a key as text. A megabyte of room is only taken once a record has become several. */
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
