// Whether a Pipeline can be run at all: what the API server could not check when it was applied. Pure; asked when a run starts.
import { runSettings } from '../../../crds/defaults.ts'
import type { PipelineSpec } from '../../../crds/pipeline.ts'

type Question = (spec: PipelineSpec) => string | undefined

/** A ConfigMap holds at most 1 MiB. */
const maxSnapshotBytes = 1_000_000

const questions: readonly Question[] = [
  (spec) => (spec.source === undefined ? 'spec.source is missing; say where the records come from' : undefined),
  (spec) => (spec.schema?.fields === undefined ? 'spec.schema.fields is missing; declare the fields' : undefined),
  (spec) => (spec.destination === undefined ? 'spec.destination is missing; say where the records go' : undefined),
  (spec) => exactlyOne('spec.source', spec.source),
  (spec) => exactlyOne('spec.destination', spec.destination),
  (spec) =>
    spec.source.files !== undefined && spec.format === undefined ? 'spec.source.files needs spec.format; add one, such as format: {csv: {}}' : undefined,
  (spec) => unreadable(() => runSettings(spec)),
  (spec) =>
    Buffer.byteLength(JSON.stringify(spec)) > maxSnapshotBytes ? `the Pipeline is larger than ${maxSnapshotBytes} bytes; make its schema smaller` : undefined,
]

/** The first thing that is wrong with the Pipeline, and what to do. */
export function pipelineProblem(spec: PipelineSpec | undefined): string | undefined {
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
