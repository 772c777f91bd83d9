// Finds the kind of a document, and its schema.
import { pipelineRunSchema, pipelineSchema } from '../../crds/schema.ts'
import type { JsonSchema } from '../../crds/structural.ts'
import { closest } from '../../crds/suggest.ts'

export type Kind = { name: 'Pipeline' | 'PipelineRun'; schema: JsonSchema }

const kinds: Kind[] = [
  { name: 'Pipeline', schema: pipelineSchema as JsonSchema },
  { name: 'PipelineRun', schema: pipelineRunSchema as JsonSchema },
]

/** The kind whose name is nearest to the one the document gives; a Pipeline in case of doubt. */
export function kindOf(document: unknown): Kind {
  const { kind } = (document ?? {}) as { kind?: unknown }
  const names = kinds.map(({ name }) => name)
  const name = typeof kind === 'string' ? closest(kind, names) : undefined
  return kinds.find((candidate) => candidate.name === name) ?? (kinds[0] as Kind)
}
