// Decides whether a run can start from its Pipeline: checks what the API server cannot validate, and the administrator's limits. Pure.
// Called by start.ts.

import { runSettings } from '../../../../crds/defaults.ts'
import { declaredKind } from '../../../../crds/kinds.ts'
import type { PipelineSpec } from '../../../../crds/pipeline.ts'
import { sourceKinds } from '../../../../crds/sources/registry.ts'
import type { RunSnapshot } from '../../../../crds/wire/snapshot.ts'
import type { CachedRun } from '../../../cache/runs.ts'
import { type Limits, limitProblem } from '../../../limits.ts'
import type { ConditionText } from '../status.ts'

type Check = (spec: PipelineSpec) => string | undefined

/** A ConfigMap may hold at most 1 MiB. */
const maxSnapshotBytes = 1_000_000

const checks: readonly Check[] = [
  (spec) => (spec.source === undefined ? 'spec.source is missing; declare where the records come from' : undefined),
  (spec) => (spec.schema?.fields === undefined ? 'spec.schema.fields is missing; declare the fields' : undefined),
  (spec) => (spec.destination === undefined ? 'spec.destination is missing; declare where the records go' : undefined),
  (spec) => exactlyOne('spec.source', spec.source),
  (spec) => exactlyOne('spec.destination', spec.destination),
  ({ source, format }) => {
    const kind = declaredKind(sourceKinds, source)
    return kind?.entry.needsFormat === true && format === undefined
      ? `spec.source.${kind.name} needs spec.format; add one, such as format: {csv: {}}`
      : undefined
  },
  (spec) => unreadable(() => runSettings(spec)),
  (spec) =>
    Buffer.byteLength(JSON.stringify(spec)) > maxSnapshotBytes ? `the Pipeline is larger than ${maxSnapshotBytes} bytes; make its schema smaller` : undefined,
]

/** Why the run cannot start from the current Pipeline; undefined if it can. */
export function pipelineProblem(run: CachedRun, spec: PipelineSpec | undefined, limits: Limits): ConditionText | undefined {
  return asConditionText(run, specProblem(spec), () => limitProblem(spec as PipelineSpec, limits))
}

/** Why the run cannot start from the Pipeline in its snapshot, which an operator of another version may have written; undefined if it can. */
export async function declarationProblem(run: CachedRun, pipeline: RunSnapshot['pipeline'], limits: Limits): Promise<ConditionText | undefined> {
  const { problemOfPipeline } = await import('../../../../crds/validation.ts')
  return asConditionText(run, problemOfPipeline(pipeline), () => limitProblem(pipeline.spec, limits))
}

function asConditionText({ spec }: CachedRun, invalid: string | undefined, forbidden: () => string | undefined): ConditionText | undefined {
  const pipeline = `Pipeline ${spec.pipelineRef.name}`
  if (invalid !== undefined) return { reason: 'PipelineInvalid', message: `${pipeline} cannot be run: ${invalid}` }
  const problem = forbidden()
  return problem === undefined ? undefined : { reason: 'NotAllowed', message: `${pipeline} exceeds the limits of this cluster: ${problem}` }
}

/** The first problem of the spec, and what to do about it. */
function specProblem(spec: PipelineSpec | undefined): string | undefined {
  if (spec === undefined) return 'spec is missing; declare a source, a schema and a destination'
  for (const check of checks) {
    const problem = check(spec)
    if (problem !== undefined) return problem
  }
  return undefined
}

function exactlyOne(path: string, kinds: object): string | undefined {
  const names = Object.keys(kinds)
  return names.length === 1 ? undefined : `${path} names ${names.length === 0 ? 'nothing' : names.join(' and ')}; name exactly one kind`
}

function unreadable(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
