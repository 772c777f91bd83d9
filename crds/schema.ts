// The generated JSON Schemas of the manifests. Validation does not load the definitions, which takes longer
// than the rest of a command's start.
import pipeline from './generated/pipeline.schema.json' with { type: 'json' }
import pipelineRun from './generated/pipeline-run.schema.json' with { type: 'json' }

export const pipelineSchema: object = pipeline
export const pipelineRunSchema: object = pipelineRun
