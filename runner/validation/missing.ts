// MissingPolicy: what happens to a declared field that the delivery lacks. Used when a run is planned and when batches are bound.
import type { Field } from '../../crds/fields.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'

/** `keep`: rows keep the value they have. `reject`: the run fails. `nullify`: null is loaded. */
export type WhenMissing = NonNullable<Field['whenMissing']>

export type MissingPolicy = (field: Field) => WhenMissing

/** A missing required field fails the run, a missing nullable one is null. */
export const nullifyMissing: MissingPolicy = (field) => (field.nullable === true ? (field.whenMissing ?? 'nullify') : 'reject')

export function missingPolicy({ schema, destination, transform }: Pick<PipelineSpec, 'schema' | 'destination' | 'transform'>): MissingPolicy {
  const { mode = 'Upsert' } = destination.postgres ?? {}
  // A transformer may fill the field, so its value must be loaded unless the pipeline says otherwise.
  const transformed = (transform?.length ?? 0) > 0
  const keeps = destination.postgres !== undefined && !transformed && (mode === 'Upsert' || mode === 'Snapshot')
  const usual = schema.missingFields ?? (keeps ? 'keep' : 'nullify')
  return (field) => {
    if (field.nullable !== true) return 'reject'
    const chosen = field.whenMissing ?? usual
    // A record without a version loses to every row that has one, so its null overwrites no version.
    return chosen === 'keep' && field.name === schema.versionField ? 'nullify' : chosen
  }
}
