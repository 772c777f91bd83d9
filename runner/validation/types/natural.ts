// The declared type that says best what a column holds; for columns that only a transformer fills.
import type { DestinationColumn } from '../../records/encoded-rows.ts'
import type { FieldType } from './field-type.ts'
import { fieldTypes } from './index.ts'

const natural: Record<string, keyof typeof fieldTypes> = {
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  citext: 'text',
  int2: 'integer',
  int4: 'integer',
  int8: 'integer',
  numeric: 'decimal',
  float4: 'float',
  float8: 'float',
  bool: 'boolean',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamp',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'json',
}

export function naturalType(column: DestinationColumn): FieldType | undefined {
  const name = natural[column.type]
  return name === undefined ? undefined : fieldTypes[name]
}
