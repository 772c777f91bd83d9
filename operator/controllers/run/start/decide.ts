// Whether a Pipeline can be run: what the API server could not check when it was applied, and what the administrator forbids. Pure.

import { runSettings } from '../../../../crds/defaults.ts'
import { declaredKind } from '../../../../crds/kinds.ts'
import type { PipelineSpec } from '../../../../crds/pipeline.ts'
import { sourceKinds } from '../../../../crds/sources/registry.ts'
import type { RunSnapshot } from '../../../../crds/wire/snapshot.ts'
import type { KeptRun } from '../../../cache/runs.ts'
import { type Limits, limitProblem } from '../../../limits.ts'
import type { Said } from '../status.ts'

type Question = (spec: PipelineSpec) => string | undefined

/** A ConfigMap holds at most 1 MiB. */
const maxSnapshotBytes = 1_000_000

const questions: readonly Question[] = [
  (spec) => (spec.source === undefined ? 'spec.source is missing; say where the records come from' : undefined),
  (spec) => (spec.schema?.fields === undefined ? 'spec.schema.fields is missing; declare the fields' : undefined),
  (spec) => (spec.destination === undefined ? 'spec.destination is missing; say where the records go' : undefined),
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

/** Why the run cannot start from its Pipeline as it is now. */
export function pipelineProblem(run: KeptRun, spec: PipelineSpec | undefined, limits: Limits): Said | undefined {
  return asSaid(run, specProblem(spec), () => limitProblem(spec as PipelineSpec, limits))
}

/** Why the run cannot start from the Pipeline in its snapshot, which may have been written by an operator of another version. */
export async function declarationProblem(run: KeptRun, pipeline: RunSnapshot['pipeline'], limits: Limits): Promise<Said | undefined> {
  const { problemOfPipeline } = await import('../../../../crds/validation.ts')
  return asSaid(run, problemOfPipeline(pipeline), () => limitProblem(pipeline.spec, limits))
}

function asSaid({ spec }: KeptRun, invalid: string | undefined, forbidden: () => string | undefined): Said | undefined {
  const pipeline = `Pipeline ${spec.pipelineRef.name}`
  if (invalid !== undefined) return { reason: 'PipelineInvalid', message: `${pipeline} cannot be run: ${invalid}` }
  const problem = forbidden()
  return problem === undefined ? undefined : { reason: 'NotAllowed', message: `${pipeline} asks for what is not allowed on this cluster: ${problem}` }
}

/** The first thing that is wrong with the spec, and what to do. */
function specProblem(spec: PipelineSpec | undefined): string | undefined {
  if (spec === undefined) return 'spec is missing; say what to load'
  for (const question of questions) {
    const problem = question(spec)
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
