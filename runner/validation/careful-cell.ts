// The careful cell: reads one cell as the slow path does, so that one unusual value does not send the whole record there.
import { isUtf8 } from 'node:buffer'
import type { EncodedRows } from '../copy/encoded-rows.ts'
import { writeNull } from '../copy/write.ts'
import type { CellRules } from '../records/byte-batch.ts'
import { type FieldPlan, type Findings, readField } from './field-plan.ts'

/** Reads the text of a cell and appends its value to `rows`. Accepts or decides nothing, as a Cell does; needs no room in `rows`. */
export type CarefulCell = (text: string, rows: EncodedRows) => boolean

/** Accepts a cell without errors and warnings. */
export function carefulCell(plan: FieldPlan): CarefulCell {
  const findings: Findings = { errors: [], parked: [], warnings: [] }
  return (text, rows) => {
    const value = readField(plan, text, findings)
    if (!isClean(findings)) return false
    if (value === null) writeNull(rows)
    else plan.encoder?.write(rows, value)
    return true
  }
}

/** Undefined if the format alone can tell which characters the bytes are. */
export function cellText(bytes: Uint8Array, start: number, end: number, rules: CellRules): string | undefined {
  if (isAscii(bytes, start, end)) return (bytes as Buffer).toString('latin1', start, end)
  return !rules.utf8 || bytes[start] === 0xef || !isUtf8(bytes.subarray(start, end)) ? undefined : (bytes as Buffer).toString('utf8', start, end)
}

/** Whether there are no findings. Clears them for the next cell. */
export function isClean(findings: Findings): boolean {
  if (findings.errors.length + findings.warnings.length === 0) return true
  findings.errors.length = 0
  findings.warnings.length = 0
  return false
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return false
  return true
}
