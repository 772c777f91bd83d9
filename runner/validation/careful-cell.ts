// The careful cell: one cell through the slow path's own reading, so that one odd value does not send its whole record there.
import { isUtf8 } from 'node:buffer'
import type { CellRules } from '../records/byte-batch.ts'
import { type FieldPlan, type Findings, readField } from './field-plan.ts'
import type { Cell } from './types/field-type.ts'
import { writeNull } from './write.ts'

/** Accepts a cell in which nothing is found. */
export function carefulCell(plan: FieldPlan, rules: CellRules): Cell {
  const findings: Findings = { errors: [], parked: [], warnings: [] }
  return (bytes, start, end, rows) => {
    const cell = bytes.subarray(start, end)
    if (!isAscii(cell) && (!rules.utf8 || !isUtf8(cell) || cell[0] === 0xef)) return false
    const value = readField(plan, (bytes as Buffer).toString('utf8', start, end), findings)
    if (findings.errors.length + findings.warnings.length > 0) {
      findings.errors.length = 0
      findings.warnings.length = 0
      return false
    }
    if (value === null) writeNull(rows)
    else plan.encoder?.write(rows, value)
    return true
  }
}

function isAscii(cell: Uint8Array): boolean {
  for (const byte of cell) if (byte > 0x7f) return false
  return true
}
