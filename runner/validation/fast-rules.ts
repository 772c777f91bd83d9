// Rules on the fast path: only the fields that rules name are read as values.
import type { TypedRecord } from '../../sdk/index.ts'
import { type ByteBatch, cellAt } from '../records/byte-batch.ts'
import type { FastOptions } from './fast.ts'
import { trimmedEnd, trimmedStart } from './fast-blank.ts'
import { compileNull, textOf } from './fast-null.ts'
import { type Findings, readField } from './field-plan.ts'

/** Whether a record passes all rules. Reads only the fields that rules name. */
export function compileHolds({ rules, fields, binding, cellRules }: FastOptions): ((batch: ByteBatch, index: number) => boolean) | undefined {
  if (rules.length === 0) return undefined
  const names = new Set(rules.flatMap((rule) => rule.fields))
  const readers = fields.flatMap((plan, number) =>
    names.has(plan.name) ? [{ plan, at: binding.columns[number] as number, ...compileNull(plan, cellRules) }] : [],
  )
  const findings: Findings = { errors: [], parked: [], warnings: [] }
  return (batch, index) => {
    const record: TypedRecord = {}
    const recordStart = batch.rows[2 * index] as number
    for (const { plan, at, isNull } of readers) {
      const cell = cellAt(index, at, batch.width)
      let start = at < 0 ? 0 : (batch.cells[cell] as number)
      let end = at < 0 ? 0 : (batch.cells[cell + 1] as number)
      if (end < 0) return false
      const quoted = start > recordStart && batch.bytes[start - 1] === cellRules.quote
      if (cellRules.trim && !quoted) {
        start = trimmedStart(batch.bytes, start, end)
        end = trimmedEnd(batch.bytes, start, end)
      }
      const missing = at < 0 || isNull(batch.bytes, start, end, quoted)
      record[plan.name] = missing ? null : readField(plan, textOf(batch.bytes, start, end), findings)
    }
    if (findings.errors.length === 0 && findings.warnings.length === 0) return rules.every((rule) => rule.check(record) === undefined)
    findings.errors.length = 0
    findings.warnings.length = 0
    return false
  }
}
