// Candidate: a record on the slow path, read and checked field by field as objects.
import type { Schema } from '../../crds/fields.ts'
import type { SourceRecord, TypedRecord } from '../../sdk/index.ts'
import type { Binding } from './bind.ts'
import { add, type FieldPlan, type Findings, readField } from './field-plan.ts'
import { Problem } from './problem.ts'
import type { CompiledRule } from './rules.ts'
import { fieldTypes } from './types/index.ts'

export type Candidate = Findings & {
  /** Index within the batch. */
  index: number
  source: SourceRecord
  record: TypedRecord
  /** The transformers' result; undefined without transformers. */
  made?: Made
}

/** The records made of one source record, and how many were filtered or superseded. */
export type Made = { records: TypedRecord[]; derived: number; filtered: number; superseded: number }

/** Name of the column, and of the record's property, that holds undeclared fields. */
export const extraColumn = '_extra'

const parseJson = fieldTypes.json.parser({ name: extraColumn, type: 'json' })

export function readCandidate(index: number, source: SourceRecord, fields: readonly FieldPlan[], binding: Binding, capture: boolean): Candidate {
  const candidate: Candidate = { index, source, record: {}, errors: [], parked: [], warnings: [] }
  for (const plan of fields) candidate.record[plan.name] = readField(plan, source[plan.source], candidate)
  if (capture) captureExtra(candidate, binding)
  return candidate
}

function captureExtra(candidate: Candidate, binding: Binding): void {
  const present = binding.differences.added.filter((name) => candidate.source[name] !== undefined)
  if (present.length === 0) {
    candidate.record[extraColumn] = null
    return
  }
  const value = parseJson(Object.fromEntries(present.map((name) => [name, candidate.source[name]])))
  if (value instanceof Problem) add(candidate.errors, { field: extraColumn, code: value.code, message: `an undeclared field ${value.message}` })
  candidate.record[extraColumn] = value instanceof Problem ? null : value
}

/** Checks the rules of which no field has an error. */
export function applyRules(candidate: Candidate, rules: readonly CompiledRule[]): void {
  if (rules.length === 0) return
  const wrong = new Set(candidate.errors.map((error) => error.field))
  for (const rule of rules) {
    if (rule.fields.some((field) => wrong.has(field))) continue
    const problem = rule.check(candidate.record)
    if (problem === undefined) continue
    add(rule.outcome === 'warn' ? candidate.warnings : candidate.errors, { code: problem.code, message: problem.message })
  }
}

/**
 * The primary key in PostgreSQL's text notation, or undefined if a part of it cannot be read. A value that fails a check (a pattern,
 * a reference) still identifies the row; a value of the wrong type, or one that does not fit its column, does not.
 */
export function keyOf({ primaryKey }: Schema, valueIn: (name: string) => unknown): Record<string, string> | undefined {
  if (primaryKey === undefined) return undefined
  const key: Record<string, string> = {}
  for (const name of primaryKey) {
    const value = valueIn(name)
    if (value === null || value === undefined) return undefined
    key[name] = String(value)
  }
  return key
}
