// The fast row: encodes a plain record of a ByteBatch cell by cell, from its bytes into COPY binary. It can only accept a record; the
// slow path decides every other one.

import type { EncodedRows } from '../copy/encoded-rows.ts'
import { writeCount, writeFixed, writeNull } from '../copy/fast-write.ts'
import { type ByteBatch, type CellRules, cellAt } from '../records/byte-batch.ts'
import type { Binding } from './bind.ts'
import { extraColumn } from './candidate.ts'
import { type CarefulCell, carefulCell, cellText } from './careful-cell.ts'
import { isPadded, trimmedEnd, trimmedStart } from './fast-blank.ts'
import { compileNull, type IsNull, textOf } from './fast-null.ts'
import { compileHolds } from './fast-rules.ts'
import type { FieldPlan } from './field-plan.ts'
import type { Reference } from './parents.ts'
import type { ColumnPlan } from './row-writer.ts'
import type { CompiledRule } from './rules.ts'
import type { SortKey } from './sort-key.ts'
import { changedCell, checkedCell } from './transform/changed-cell.ts'
import type { Origin } from './transform/stage.ts'
import type { Cell } from './types/field-type.ts'
import { fieldTypes } from './types/index.ts'

/** Appends the record to `rows` if it is certainly valid; otherwise leaves `rows` unchanged. */
export type FastRow = (batch: ByteBatch, index: number, rows: EncodedRows, input: number) => boolean

type FastColumn = {
  kind: 'cell' | 'null' | 'run' | 'order' | 'unwritten'
  /** Index of the cell within its record. */
  at: number
  /** Undefined if the type has no fast cell for this column. */
  cell: Cell | undefined
  /** The slow path's reading, for cells that `cell` does not accept. */
  careful: CarefulCell
  trim: boolean
  /** Longer cells are read by `careful`. */
  mostBytes: number
  isNull: IsNull
  nullable: boolean
  /** A cell longer than this is not a null token. */
  longestNull: number
  reference: Reference | undefined
  sortKey: SortKey | undefined
}

const never = () => false

export type FastOptions = {
  plans: readonly ColumnPlan[]
  /** The declared fields, and which of them each written field comes from. */
  fields: readonly FieldPlan[]
  origins: readonly Origin[]
  binding: Binding
  cellRules: CellRules
  references: Map<string, Reference>
  rules: readonly CompiledRule[]
  run: number
  /** Whether undeclared fields are kept. */
  capture: boolean
}

/** Undefined if a column can only be filled by the slow path. */
export function compileFast(options: FastOptions): FastRow | undefined {
  const { plans, origins, binding } = options
  if (options.capture && binding.differences.added.length > 0) return undefined
  if (options.cellRules.literals === true && options.fields.some(({ field }) => field.decimalComma === true)) return undefined
  if (origins.some(({ plan, input }) => plan.column === undefined && (binding.columns[input] as number) >= 0)) return undefined
  const columns = [...plans.map((plan) => fastColumn(plan, options)), ...unwrittenColumns(options)]
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

const emptyColumn: Omit<FastColumn, 'kind'> = {
  at: -1,
  cell: undefined,
  careful: never,
  trim: false,
  mostBytes: 2 ** 30,
  isNull: never,
  nullable: false,
  longestNull: -1,
  reference: undefined,
  sortKey: undefined,
}

function fastColumn(plan: ColumnPlan, options: FastOptions): FastColumn | undefined {
  const { origins, binding, cellRules } = options
  const { sortKey } = plan
  if (plan.role !== 'value') return { ...emptyColumn, kind: plan.role, sortKey }
  const origin = origins[plan.field]
  const at = origin === undefined ? -1 : (binding.columns[origin.input] as number)
  if (origin === undefined || at < 0) return plan.column.name === extraColumn || !plan.column.notNull ? { ...emptyColumn, kind: 'null', sortKey } : undefined
  const field = options.fields[origin.input] as FieldPlan
  const column = { ...readingColumn(field, at, options), sortKey }
  if (field.column === plan.column) {
    return { ...column, cell: fieldTypes[field.field.type].cell(field.field, plan.column, cellRules), careful: carefulCell(field) }
  }
  const nullable = field.nullable && origin.plan.nullable && origin.changes.every((change) => change.plan.nullable)
  return { ...column, careful: changedCell(field, origin), nullable }
}

/** The parts that all columns of a declared field share. */
function readingColumn(field: FieldPlan, at: number, { cellRules, references }: FastOptions): FastColumn {
  const { isNull, longest } = compileNull(field, cellRules)
  return {
    ...emptyColumn,
    kind: 'cell',
    at,
    trim: field.trim,
    mostBytes: Math.min(field.mostBytes, 2 ** 30),
    isNull,
    nullable: field.nullable,
    longestNull: longest,
    reference: references.get(field.name),
  }
}

/** Declared fields that transformers drop are still checked. */
function unwrittenColumns(options: FastOptions): FastColumn[] {
  const { fields, origins, binding } = options
  const written = new Set(origins.map(({ input }) => input))
  return fields.flatMap((field, input) => {
    const at = binding.columns[input] as number
    if (written.has(input) || at < 0) return []
    return [{ ...readingColumn(field, at, options), kind: 'unwritten', careful: checkedCell(field) }]
  })
}

/** Returns the row's sort key, or undefined if a cell is not certain. */
function rowWriter(columns: FastColumn[], { plans, cellRules, run }: FastOptions) {
  const width = columns.length
  const fixedBytes = 64 + 40 * width
  const { trim, quote } = cellRules
  return (batch: ByteBatch, index: number, rows: EncodedRows, input: number): number | undefined => {
    const { bytes, cells } = batch
    const recordStart = batch.rows[2 * index] as number
    const room = fixedBytes + 2 * ((batch.rows[2 * index + 1] as number) - recordStart)
    rows.reserve(room)
    const base = cellAt(index, 0, batch.width)
    let sortKey = 0
    writeCount(rows, plans.length)
    for (let number = 0; number < width; number++) {
      const column = columns[number] as FastColumn
      const from = rows.length
      if (column.kind === 'cell' || column.kind === 'unwritten') {
        let start = cells[base + 2 * column.at] as number
        let end = cells[base + 2 * column.at + 1] as number
        if (end < 0) {
          if (!writeEscaped(column, batch, start, ~end, rows, room)) return undefined
          if (column.sortKey !== undefined) sortKey = column.sortKey(rows.bytes, from)
          continue
        }
        const quoted = start > recordStart && bytes[start - 1] === quote
        if (trim && !quoted) {
          start = trimmedStart(bytes, start, end)
          end = trimmedEnd(bytes, start, end)
        }
        if (end - start <= column.longestNull && column.isNull(bytes, start, end, quoted)) {
          if (!column.nullable) return undefined
          if (column.kind === 'cell') writeNull(rows)
        } else if (!writeCell(column, batch, start, end, rows, room)) return undefined
        else if (column.reference !== undefined && !isKnown(column.reference, batch, start, end)) return undefined
      } else writeFixed(column.kind, rows, run, input, batch.order(index))
      if (column.sortKey !== undefined) sortKey = column.sortKey(rows.bytes, from)
    }
    return sortKey
  }
}

/** `room` is what the rest of the record may need, because the careful cell may have used more than was reserved for it. */
function writeCell(column: FastColumn, { bytes, rules }: ByteBatch, start: number, end: number, rows: EncodedRows, room: number): boolean {
  const certain =
    column.cell !== undefined && end - start <= column.mostBytes && !(column.trim && isPadded(bytes, start, end)) && column.cell(bytes, start, end, rows)
  if (certain) return true
  const text = cellText(bytes, start, end, rules)
  if (text === undefined || !column.careful(text, rows)) return false
  rows.reserve(room)
  return true
}

function writeEscaped(column: FastColumn, { bytes, rules }: ByteBatch, start: number, end: number, rows: EncodedRows, room: number): boolean {
  if (column.reference !== undefined) return false
  const text = rules.unescape?.(bytes, start, end)
  if (text === undefined || !column.careful(text, rows)) return false
  rows.reserve(room)
  return true
}

function isKnown(reference: Reference, batch: ByteBatch, start: number, end: number): boolean {
  return reference.known.has(textOf(batch.bytes, start, end))
}
