// The fast row: a plain record of a ByteBatch, cell by cell from its bytes into COPY binary. It only ever accepts; what it
// does not accept, the slow path decides.
import type { ByteBatch, CellRules } from '../records/byte-batch.ts'
import type { EncodedRows } from '../records/encoded-rows.ts'
import type { Binding } from './bind.ts'
import { extraColumn } from './candidate.ts'
import { carefulCell } from './careful-cell.ts'
import { isPadded, trimmedEnd, trimmedStart } from './fast-blank.ts'
import { compileNull, type IsNull, textOf } from './fast-null.ts'
import { compileHolds } from './fast-rules.ts'
import { writeCount, writeFixed, writeNull } from './fast-write.ts'
import type { FieldPlan } from './field-plan.ts'
import type { Reference } from './parents.ts'
import type { ColumnPlan } from './row-writer.ts'
import type { CompiledRule } from './rules.ts'
import type { SortKey } from './sort-key.ts'
import type { Cell } from './types/field-type.ts'
import { fieldTypes } from './types/index.ts'

/** Appends the record to `rows` if it is certainly valid; leaves `rows` as it was if not. */
export type FastRow = (batch: ByteBatch, index: number, rows: EncodedRows, input: number) => boolean

type FastColumn = {
  kind: 'cell' | 'null' | 'run' | 'order'
  /** Index of the cell within its record. */
  at: number
  /** Undefined if the type has no fast cell for this column. */
  cell: Cell | undefined
  /** The definition itself, for cells that are not certain at first sight. */
  careful: Cell
  trim: boolean
  /** Longer cells are left to the careful one. */
  mostBytes: number
  isNull: IsNull
  nullable: boolean
  /** Cells longer than this are no null token. */
  longestNull: number
  reference: Reference | undefined
  sortKey: SortKey | undefined
}

const never = () => false

export type FastOptions = {
  plans: readonly ColumnPlan[]
  fields: readonly FieldPlan[]
  binding: Binding
  cellRules: CellRules
  references: Map<string, Reference>
  rules: readonly CompiledRule[]
  run: number
  /** Whether undeclared fields are kept. */
  capture: boolean
}

/** Undefined if some column can only be filled by the slow path. */
export function compileFast(options: FastOptions): FastRow | undefined {
  const { plans, fields, binding } = options
  if (options.capture && binding.extra.length > 0) return undefined
  if (fields.some((field, index) => field.column === undefined && (binding.columns[index] as number) >= 0)) return undefined
  const columns = plans.map((plan) => fastColumn(plan, options))
  if (columns.includes(undefined)) return undefined
  const holds = compileHolds(options)
  const writeCells = rowWriter(columns as FastColumn[], options)
  return (batch, index, rows, input) => {
    const sortKey = writeCells(batch, index, rows, input)
    if (sortKey === undefined || (holds !== undefined && !holds(batch, index))) {
      rows.dropRow()
      return false
    }
    rows.endRow(batch.order(index), sortKey)
    return true
  }
}

function fastColumn(plan: ColumnPlan, { fields, binding, cellRules, references }: FastOptions): FastColumn | undefined {
  const field = fields[plan.field]
  const empty = {
    at: -1,
    cell: undefined,
    careful: never,
    trim: false,
    mostBytes: 2 ** 30,
    isNull: never,
    nullable: false,
    longestNull: -1,
    reference: undefined,
    sortKey: plan.sortKey,
  }
  if (plan.role !== 'value') return { ...empty, kind: plan.role }
  const at = binding.columns[plan.field] ?? -1
  if (field === undefined || at < 0) return plan.column.name === extraColumn || !plan.column.notNull ? { ...empty, kind: 'null' } : undefined
  const cell = fieldTypes[field.field.type].cell(field.field, plan.column, cellRules)
  const careful = carefulCell(field, cellRules)
  const { isNull, longest } = compileNull(field, cellRules)
  return {
    ...empty,
    kind: 'cell',
    at,
    cell,
    careful,
    trim: field.trim,
    mostBytes: Math.min(field.mostBytes, 2 ** 30),
    isNull,
    nullable: field.nullable,
    longestNull: longest,
    reference: references.get(field.name),
  }
}

/** Answers with the row's sort key, or undefined if a cell is not certain. */
function rowWriter(columns: FastColumn[], { cellRules, run }: FastOptions) {
  const width = columns.length
  const fixedBytes = 64 + 40 * width
  const { trim, quote } = cellRules
  return (batch: ByteBatch, index: number, rows: EncodedRows, input: number): number | undefined => {
    const { bytes, cells } = batch
    const recordStart = batch.rows[2 * index] as number
    const room = fixedBytes + 2 * ((batch.rows[2 * index + 1] as number) - recordStart)
    rows.reserve(room)
    const base = 2 * index * batch.width
    let sortKey = 0
    writeCount(rows, width)
    for (let number = 0; number < width; number++) {
      const column = columns[number] as FastColumn
      const from = rows.length
      if (column.kind === 'cell') {
        let start = cells[base + 2 * column.at] as number
        let end = cells[base + 2 * column.at + 1] as number
        const quoted = start > recordStart && bytes[start - 1] === quote
        if (trim && !quoted) {
          start = trimmedStart(bytes, start, end)
          end = trimmedEnd(bytes, start, end)
        }
        if (end - start <= column.longestNull && column.isNull(bytes, start, end, quoted)) {
          if (!column.nullable) return undefined
          writeNull(rows)
        } else if (!writeCell(column, bytes, start, end, rows, room)) return undefined
        else if (column.reference !== undefined && !isKnown(column.reference, batch, start, end)) return undefined
      } else writeFixed(column.kind, rows, run, input, batch.order(index))
      if (column.sortKey !== undefined) sortKey = column.sortKey(rows.bytes, from)
    }
    return sortKey
  }
}

/** `room` is what the rest of the record may need; the careful cell may have used more than its share. */
function writeCell(column: FastColumn, bytes: Uint8Array, start: number, end: number, rows: EncodedRows, room: number): boolean {
  const certain =
    column.cell !== undefined && end - start <= column.mostBytes && !(column.trim && isPadded(bytes, start, end)) && column.cell(bytes, start, end, rows)
  if (certain) return true
  if (!column.careful(bytes, start, end, rows)) return false
  rows.reserve(room)
  return true
}

function isKnown(reference: Reference, batch: ByteBatch, start: number, end: number): boolean {
  return reference.known.has(textOf(batch.bytes, start, end))
}
