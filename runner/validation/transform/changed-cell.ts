// Cells of the fast path that are read as values: those that FieldTransformers change, and those that are checked but not written.

import { writeNull } from '../../copy/write.ts'
import { type CarefulCell, isClean } from '../careful-cell.ts'
import { type FieldPlan, type Findings, readField } from '../field-plan.ts'
import { changedValue, RejectedByTransform, reading } from './answer.ts'
import { keptValue } from './made.ts'
import type { Change, Origin } from './stage.ts'

/** Writes the changed value of the cell if it has no errors or warnings; the slow path decides the record otherwise. */
export function changedCell(field: FieldPlan, { changes, plan }: Origin): CarefulCell {
  const findings: Findings = { errors: [], parked: [], warnings: [] }
  const fitted = changes.at(-1)?.plan === plan
  return (text, rows) => {
    let value = readField(field, text, findings)
    for (const change of changes) {
      if (value === null || findings.errors.length > 0) break
      value = changed(change, value, findings)
    }
    const written = fitted && value !== null ? value : keptValue(plan, value, findings)
    if (!isClean(findings) || written instanceof RejectedByTransform) return false
    if (written === null) writeNull(rows)
    else plan.encoder?.write(rows, written)
    return true
  }
}

/** Returns a value that fits its field, or a RejectedByTransform. */
function changed({ name, transformer, from, plan }: Change, value: unknown, findings: Findings): unknown {
  if (value instanceof RejectedByTransform) return value
  const result = changedValue(name, transformer, value, from)
  if (typeof result !== 'object' || result === null) return readField(plan, result, findings)
  return result instanceof RejectedByTransform ? result : reading(name, () => readField(plan, result, findings))
}

/** Accepts a cell without errors and warnings, and writes nothing. */
export function checkedCell(field: FieldPlan): CarefulCell {
  const findings: Findings = { errors: [], parked: [], warnings: [] }
  return (text) => {
    readField(field, text, findings)
    return isClean(findings)
  }
}
