// Checks the records that a transformer made, as its output declares them. Unchanged values were checked before.
import type { RecordError, TypedRecord } from '../../../sdk/index.ts'
import { add, type FieldPlan, type Findings, readField, recordError, unloadable } from '../field-plan.ts'
import { Problem } from '../problem.ts'
import { failed } from './answer.ts'

/** A field of a transformer's output. `same`: the input has a field of this name and declaration, so an unchanged value needs no check. */
export type Output = { plan: FieldPlan; same: boolean }

/** Reads a record that a transformer returned for `before`. Appends errors of its values to `findings`. Throws TransformFailed. */
export function readMade(name: string, outputs: ReadonlyMap<string, Output>, returned: TypedRecord, before: TypedRecord, findings: Findings): TypedRecord {
  checkNames(name, outputs, returned)
  const record: TypedRecord = {}
  for (const [field, { plan, same }] of outputs) {
    const value = returned[field]
    record[field] = same && Object.is(value, before[field]) ? keptValue(plan, value, findings) : madeValue(name, plan, value, findings)
  }
  return record
}

function checkNames(name: string, outputs: ReadonlyMap<string, Output>, returned: TypedRecord): void {
  let known = 0
  for (const field of Object.keys(returned)) {
    if (outputs.has(field)) known++
    else if (returned[field] !== undefined) {
      throw failed(
        name,
        `returned a record with the field ${JSON.stringify(field.slice(0, 100))}, which its output does not declare; declare it there, or leave it out`,
      )
    }
  }
  if (known === 0) throw failed(name, 'returned an object with none of the fields of its output; return a record, or a Rejection to reject one')
}

/** A value that a transformer made. */
export function madeValue(name: string, plan: FieldPlan, value: unknown, findings: Findings): unknown {
  const found: Findings = { errors: [], parked: [], warnings: [] }
  const read = readField(plan, value, found)
  for (const error of found.errors) add(findings.errors, asTransformed(name, plan, error))
  for (const warning of found.warnings) add(findings.warnings, asTransformed(name, plan, warning))
  return read
}

/** A value that was checked before; only its column may still refuse it. */
export function keptValue(plan: FieldPlan, value: unknown, findings: Findings): unknown {
  if (value === null || value === undefined) {
    if (!plan.nullable) add(findings.errors, recordError(plan, new Problem('null', 'has no value, and may not be null'), value))
    return null
  }
  const misfit = plan.encoder?.fit(value)
  return misfit === undefined ? value : unloadable(plan, misfit, value, findings)
}

function asTransformed(transform: string, { name }: FieldPlan, { message, ...error }: RecordError): RecordError {
  return { ...error, code: `transform.${name}`, message: `${name}, as transformed, ${message.slice(name.length + 1)}`, transform }
}
