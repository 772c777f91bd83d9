// uuid: 8-4-4-4-12 hexadecimal digits in any case; canonical value is lower case.
import type { DestinationColumn, EncodedRows } from '../../copy/encoded-rows.ts'
import { Problem } from '../problem.ts'
import { type Encoder, type FieldType, never } from './field-type.ts'
import { text, textEncoder } from './text.ts'
import { uuidCell } from './uuid-cell.ts'

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const uuid: FieldType = {
  parser: () => (input) => (typeof input === 'string' && form.test(input) ? input.toLowerCase() : new Problem('type.uuid', 'is not a UUID')),
  encoder: uuidEncoder,
  compare: (one, other) => text.compare?.(one, other) ?? 0,
  cell: (field, column) => (column.type === 'uuid' && field.min === undefined && field.max === undefined ? uuidCell : undefined),
}

function uuidEncoder(column: DestinationColumn): Encoder | undefined {
  return column.type === 'uuid' ? { fit: never, write: writeUuid } : textEncoder(column)
}

function writeUuid(rows: EncodedRows, value: unknown): void {
  rows.reserve(20)
  rows.bytes.writeInt32BE(16, rows.length)
  rows.bytes.write((value as string).replaceAll('-', ''), rows.length + 4, 'hex')
  rows.length += 20
}
