// RowWriter: encodes typed records as rows of COPY binary.
import { HeadgateError, type TypedRecord } from '../../sdk/index.ts'
import { recordOrder } from '../../sdk/record-order.ts'
import type { DestinationColumn, EncodedRows } from '../copy/encoded-rows.ts'
import { writeInt64, writeNull } from '../copy/write.ts'
import { extraColumn } from './candidate.ts'
import type { FieldPlan } from './field-plan.ts'
import { type SortKey, sortKeyOf } from './sort-key.ts'
import type { Encoder } from './types/field-type.ts'
import { fieldTypes } from './types/index.ts'

export type ColumnPlan = {
  column: DestinationColumn
  /** Where its values come from. */
  role: 'run' | 'order' | 'value'
  /** Index of the field that fills the column, among the written fields; -1 if none does. */
  field: number
  encoder: Encoder | undefined
  sortKey: SortKey | undefined
}

/** Plans the columns in the order of the COPY column list. */
export function planColumns(columns: readonly DestinationColumn[], fields: readonly FieldPlan[], firstKey: string | undefined): ColumnPlan[] {
  return columns.map((column) => {
    const field = fields.findIndex((plan) => plan.name === column.name)
    const encoder = fields[field]?.encoder ?? extraEncoder(column)
    return { column, role: roleOf(column, field), field, encoder, sortKey: column.name === firstKey ? sortKeyOf(column) : undefined }
  })
}

function roleOf(column: DestinationColumn, field: number): ColumnPlan['role'] {
  if (field >= 0) return 'value'
  if (column.name === '_run') return 'run'
  return column.name === '_pos' ? 'order' : 'value'
}

function extraEncoder(column: DestinationColumn): Encoder | undefined {
  return column.name === extraColumn ? fieldTypes.json.encoder(column) : undefined
}

/** Appends a record as a row. Its values fit their columns: see readField. */
export function writeRow(rows: EncodedRows, plans: readonly ColumnPlan[], record: TypedRecord, run: number, input: number, order: number): void {
  rows.reserve(2)
  rows.length = rows.bytes.writeInt16BE(plans.length, rows.length)
  let sortKey = 0
  for (const plan of plans) {
    const start = rows.length
    if (plan.role === 'run') writeInt64(rows, BigInt(run))
    else if (plan.role === 'order') writeInt64(rows, recordOrder(input, order))
    else writeValue(rows, plan, record[plan.column.name])
    if (plan.sortKey !== undefined) sortKey = plan.sortKey(rows.bytes, start)
  }
  rows.endRow(order, sortKey)
}

function writeValue(rows: EncodedRows, plan: ColumnPlan, value: unknown): void {
  if (value === null || value === undefined) writeNull(rows)
  else if (plan.encoder !== undefined) plan.encoder.write(rows, value)
  else throw unwritable(plan.column)
}

function unwritable(column: DestinationColumn): HeadgateError {
  return new HeadgateError('ColumnMismatch', `column ${column.name} is ${column.formatted}, which values cannot be written to; use another type`)
}
