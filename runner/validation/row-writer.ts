// RowWriter: encodes typed records as rows of COPY binary; checks again what transformers made of them.
import { HeadgateError, type RecordError, type TypedRecord } from '../../sdk/index.ts'
import { recordOrder } from '../../sdk/record-order.ts'
import type { DestinationColumn, EncodedRows } from '../records/encoded-rows.ts'
import { extraColumn } from './candidate.ts'
import type { FieldPlan } from './field-plan.ts'
import { excerpt, Problem } from './problem.ts'
import { type SortKey, sortKeyOf } from './sort-key.ts'
import type { Encoder } from './types/field-type.ts'
import { fieldTypes } from './types/index.ts'
import { naturalType } from './types/natural.ts'
import { writeInt64, writeNull } from './write.ts'

export type ColumnPlan = {
  column: DestinationColumn
  /** Where its values come from. */
  role: 'run' | 'order' | 'value'
  /** Index of the declared field that fills it, -1 if none does. */
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

/** Appends a record as a row. Its values fit their columns: see readField and refit. */
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

/** Reads a transformer's values into their columns' types, in place. Answers with what does not fit, which becomes null. */
export function refit(plans: ColumnPlan[], fields: readonly FieldPlan[], record: TypedRecord): RecordError[] {
  const errors: RecordError[] = []
  for (const plan of plans) {
    if (plan.role !== 'value') continue
    const { column } = plan
    const problem = refitValue(plan, fields[plan.field], record)
    if (problem === undefined) continue
    const value = excerpt(record[column.name], fields[plan.field]?.field.sensitive === true)
    const error = { field: column.name, code: `transform.${column.name}`, message: `${column.name}, as transformed, ${problem.message}` }
    errors.push(value === undefined ? error : { ...error, value })
    record[column.name] = null
  }
  return errors
}

function refitValue(plan: ColumnPlan, field: FieldPlan | undefined, record: TypedRecord): Problem | undefined {
  const value = record[plan.column.name]
  if (value === null || value === undefined) {
    const refused = field === undefined ? plan.column.notNull : !field.nullable
    return refused ? new Problem('null', 'has no value, and may not be null') : undefined
  }
  const type = field === undefined ? naturalType(plan.column) : fieldTypes[field.field.type]
  if (type === undefined) throw unwritable(plan.column)
  plan.encoder ??= type.encoder(plan.column)
  const parsed = type.parser(plainField(plan, field))(value)
  if (parsed instanceof Problem) return parsed
  record[plan.column.name] = parsed
  return plan.encoder?.fit(parsed)
}

/** The field without its ways of writing: a transformer answers in canonical values. */
function plainField(plan: ColumnPlan, field: FieldPlan | undefined) {
  if (field === undefined) return { name: plan.column.name, type: 'text' as const }
  const { name, type, values, precision, scale } = field.field
  return { name, type, ...(values && { values }), ...(precision !== undefined && { precision }), ...(scale !== undefined && { scale }) }
}
