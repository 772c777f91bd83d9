// columnType: the PostgreSQL type of a declared field. Values of records are in its notation for every destination.
import type { Field } from '../../crds/fields.ts'

const plainTypes: Record<Field['type'], string> = {
  text: 'text',
  integer: 'bigint',
  decimal: 'numeric',
  float: 'double precision',
  boolean: 'boolean',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp with time zone',
  uuid: 'uuid',
  json: 'jsonb',
  enum: 'text',
}

/** The PostgreSQL type that a declared field gets in a new column. */
export function columnType(field: Field): string {
  if (field.type === 'decimal' && field.precision !== undefined) return `numeric(${field.precision},${field.scale ?? 0})`
  return plainTypes[field.type]
}
