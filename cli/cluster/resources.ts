// The kinds that commands read and write, as the operator's client describes them.
import type { Pipeline, PipelineRun } from '../../crds/index.ts'
import type { KubeObject } from '../../operator/kubernetes/objects.ts'

export { pipelineRuns, pipelines, pods } from '../../operator/kubernetes/resources.ts'

export type PipelineObject = Pipeline & KubeObject
export type RunObject = PipelineRun & KubeObject
