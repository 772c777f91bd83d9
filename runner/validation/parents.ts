// Parents: the schema's reference checks. The cache is filled from the bytes of a batch; records on the slow path are then checked.
import type { Field } from '../../crds/fields.ts'
import { type ByteBatch, cellAt } from '../records/byte-batch.ts'
import type { Binding } from './bind.ts'
import type { Candidate } from './candidate.ts'
import { add, type FieldPlan, recordError } from './field-plan.ts'
import { Problem } from './problem.ts'
import { KnownParents, type ReferenceLookup, referenceType } from './references.ts'

export type Reference = {
  plan: FieldPlan
  target: NonNullable<Field['references']>
  known: KnownParents
}

export function compileReferences(fields: readonly FieldPlan[], lookup: ReferenceLookup): Map<string, Reference> {
  const references = new Map<string, Reference>()
  for (const plan of fields) {
    const target = plan.field.references
    if (target === undefined) continue
    const known = new KnownParents((values) => lookup(target.table, target.column, values, referenceType(plan.field)))
    references.set(plan.name, { plan, target, known })
  }
  return references
}

/** Looks up the parents of all plain cells of the batch, so that the fast path finds them in the cache. */
export async function warmParents(references: Map<string, Reference>, fields: readonly FieldPlan[], batch: ByteBatch, binding: Binding): Promise<void> {
  for (const { plan, known } of references.values()) {
    const column = binding.columns[fields.indexOf(plan)] as number
    if (column < 0) continue
    const values = new Set<string>()
    for (const text of distinctCells(batch, column)) {
      const value = plan.parse(text)
      if (!(value instanceof Problem)) values.add(String(value))
    }
    await known.missing(values)
  }
}

function distinctCells(batch: ByteBatch, column: number): Set<string> {
  const texts = new Set<string>()
  for (let index = 0; index < batch.size; index++) {
    if (batch.plain[index] !== 1) continue
    const at = cellAt(index, column, batch.width)
    const start = batch.cells[at] as number
    const end = batch.cells[at + 1] as number
    if (start < end) texts.add(batch.bytes.toString('utf8', start, end))
  }
  return texts
}

/** Applies onMissing to the candidates whose parents do not exist. */
export async function checkParents(references: Map<string, Reference>, candidates: readonly Candidate[]): Promise<void> {
  for (const reference of references.values()) {
    const { name } = reference.plan
    const referring = candidates.filter(({ record }) => record[name] !== null && record[name] !== undefined)
    const missing = await reference.known.missing(referring.map(({ record }) => String(record[name])))
    if (missing.size === 0) continue
    for (const candidate of referring) {
      if (missing.has(String(candidate.record[name]))) orphaned(candidate, reference)
    }
  }
}

function orphaned(candidate: Candidate, { plan, target }: Reference): void {
  const problem = new Problem(`reference.${target.table}`, `has no parent in ${target.table}.${target.column}`)
  const error = recordError(plan, problem, candidate.source[plan.source])
  const onMissing = target.onMissing ?? 'quarantine'
  if (onMissing === 'warn' || (onMissing === 'nullify' && plan.nullable)) {
    add(candidate.warnings, error)
    if (onMissing === 'nullify') candidate.record[plan.name] = null
  } else {
    add(onMissing === 'park' ? candidate.parked : candidate.errors, error)
  }
}
