// The kinds that commands read and write, as the operator's client describes them.
import type { Pipeline } from '../../crds/pipeline.ts'
import type { PipelineRun } from '../../crds/pipeline-run.ts'
import type { KubeObject } from '../../operator/kubernetes/objects.ts'

export { pipelineRuns, pipelines, pods } from '../../operator/kubernetes/resources.ts'

export type PipelineObject = Pipeline & KubeObject
export type RunObject = PipelineRun & KubeObject
