// FieldBinder: binds the fields of each batch to the schema, and decides what follows from differences. Used by the record program.
import { type Schema, sourceName } from '../../crds/fields.ts'
import { HeadgateError, type RecordBatch, type RunContext } from '../../sdk/index.ts'
import { sameFields } from '../records/same-fields.ts'
import { type Binding, bindFields } from './bind.ts'
import type { MissingField } from './differences.ts'
import { decideFields, hintOf } from './field-decision.ts'
import type { FieldPlan } from './field-plan.ts'
import { type MissingPolicy, nullifyMissing } from './missing.ts'

export type BinderOptions = {
  schema: Schema
  fields: readonly FieldPlan[]
  /** Declared fields whose column is written, and those whose column is not, because the planned delivery lacks them: rows keep their values. */
  written: ReadonlySet<string>
  kept: ReadonlySet<string>
  run: Pick<RunContext, 'warn'>
  whenMissing: MissingPolicy | undefined
}

export class FieldBinder {
  readonly #options: BinderOptions
  readonly #told = new Set<string>()
  #bound: { fields: readonly string[]; binding: Binding } | undefined

  constructor(options: BinderOptions) {
    this.#options = options
  }

  /** Returns the same object as long as the fields are the same. Throws MissingField, UnknownField, DuplicateField, MixedFields. */
  bind(batch: Pick<RecordBatch, 'fields' | 'complete'>): Binding {
    if (this.#bound !== undefined && sameFields(this.#bound.fields, batch.fields)) {
      this.#bound.fields = batch.fields
      return this.#bound.binding
    }
    const binding = this.#decided(batch)
    this.#bound = { fields: batch.fields, binding }
    return binding
  }

  #decided({ fields: given, complete }: Pick<RecordBatch, 'fields' | 'complete'>): Binding {
    const { schema, fields: declared, whenMissing = nullifyMissing, run } = this.#options
    const fields = complete === false ? [...new Set([...given, ...declared.map(({ source }) => source)])] : given
    const binding = bindFields(schema, fields)
    const { failure, kept, nullified } = decideFields(binding.differences, { schema, fields, whenMissing })
    if (failure !== undefined) throw failure
    this.#checkKept(given, kept)
    for (const missing of nullified) {
      const { name } = missing.field
      if (this.#told.has(name)) continue
      this.#told.add(name)
      run.warn('MissingField', `the source has no field for ${name}; it is loaded as null${hintOf(schema, missing)}`)
    }
    return binding
  }

  /** Whether a column is written was decided for the whole run, by the fields that its inputs were planned with. */
  #checkKept(fields: readonly string[], missing: readonly MissingField[]): void {
    const { fields: declared, written, kept } = this.#options
    const come = declared.filter(({ name, source }) => kept.has(name) && fields.includes(source))
    const gone = missing.filter(({ field }) => written.has(field.name))
    if (come.length + gone.length === 0) return
    const names = [...come.map(({ source }) => source), ...gone.map(({ field }) => sourceName(field))].join(', ')
    throw new HeadgateError(
      'MixedFields',
      `${names}: the fields of the records are not those that the run was planned with, so the values of existing rows cannot be kept; ` +
        'give the fields of each slice in plan, or set schema.missingFields to nullify',
    )
  }
}
