// checkDelivery: compares the fields of a run's inputs with the schema before anything is loaded. Called when the run is planned.
import { type Field, type Schema, sourceName } from '../../crds/fields.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError, type RunContext, type Slice } from '../../sdk/index.ts'
import { differencesOf, type MissingField } from './differences.ts'
import { decideFields, hintOf } from './field-decision.ts'
import { missingPolicy } from './missing.ts'

/**
 * Returns the names of the fields that no input has and whose columns are therefore not written. Throws MissingField,
 * UnknownField, DuplicateField, and MixedFields if some inputs have such a field and others have not.
 *
 * A column is written for all inputs or for none. Otherwise two records of one key could each hold a part of the row, and the
 * result would depend on how batches and workers happen to order them.
 */
export function checkDelivery(spec: PipelineSpec, slices: readonly Slice[], run: Pick<RunContext, 'warn'>): string[] {
  const { schema } = spec
  const whenMissing = missingPolicy(spec)
  let first: { name: string; kept: MissingField[] } | undefined
  for (const { name, fields } of inputsOf(slices)) {
    const { failure, kept } = decideFields(differencesOf(schema, fields), { schema, fields, whenMissing, name })
    if (failure !== undefined) throw failure
    first ??= { name, kept }
    const mixed = difference(first.kept, kept) ?? difference(kept, first.kept)
    if (mixed !== undefined) throw mixedFields(mixed, kept.some(({ field }) => field === mixed) ? [first.name, name] : [name, first.name])
  }
  for (const missing of first?.kept ?? []) run.warn('MissingField', keptMessage(schema, (first as { name: string }).name, missing))
  return (first?.kept ?? []).map(({ field }) => field.name)
}

/** One slice for each input, and only inputs whose fields are known. */
function* inputsOf(slices: readonly Slice[]): Generator<{ name: string; fields: readonly string[] }> {
  let input = -1
  for (const { input: ordinal, name, fields } of slices) {
    if (ordinal !== input && fields !== undefined) yield { name, fields }
    input = ordinal
  }
}

function difference(one: readonly MissingField[], other: readonly MissingField[]): Field | undefined {
  return one.find(({ field }) => !other.some((missing) => missing.field === field))?.field
}

function keptMessage(schema: Schema, name: string, missing: MissingField): string {
  const { field } = missing
  return `${name} has no field ${JSON.stringify(sourceName(field))}: existing rows keep their value of ${field.name}, new ones get null or the column's default${hintOf(schema, missing)}`
}

function mixedFields(field: Field, [having, lacking]: [string, string]): HeadgateError {
  return new HeadgateError(
    'MixedFields',
    `${having} has the field ${JSON.stringify(sourceName(field))} and ${lacking} has not, so the run cannot keep the values of ${field.name} that are there; ` +
      'load them in runs of their own, or set whenMissing to nullify or reject',
  )
}
