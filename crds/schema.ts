// The JSON Schema of a Pipeline, as generated: whoever only validates does not have to load what makes it, which takes longer
// than the rest of a command's start.
import schema from './generated/pipeline.schema.json' with { type: 'json' }

export const pipelineSchema: object = schema
