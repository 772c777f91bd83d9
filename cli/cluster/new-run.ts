// Makes a PipelineRun for a pipeline: its name, owner and spec. Used by trigger.
import { apiVersion, labels, maxRunName } from '../../crds/metadata.ts'
import type { Interval } from '../../crds/pipeline-run.ts'
import { isAlreadyExists } from '../../operator/kubernetes/api-error.ts'
import type { Draft } from '../../operator/kubernetes/client.ts'
import type { Cluster } from './connect.ts'
import { type PipelineObject, pipelineRuns, type RunObject } from './resources.ts'

export type NewRun = { name?: string; params?: Record<string, string>; interval?: Interval; allowRemoval?: boolean; now: Date }

/** Two runs of one second get different names. A given name is used unchanged. */
export async function createRun({ client }: Cluster, pipeline: PipelineObject, request: NewRun): Promise<RunObject> {
  const base = request.name ?? runName(pipeline.metadata.name, request.now)
  for (let attempt = 1; ; attempt++) {
    const name = attempt === 1 ? base : `${base}-${attempt}`
    try {
      return await client.create(pipelineRuns, draft(pipeline, name, request))
    } catch (error) {
      if (request.name !== undefined || attempt === 9 || name.length === maxRunName || !isAlreadyExists(error)) throw error
    }
  }
}

/** `<pipeline>-<yyyymmdd-hhmmss>`, UTC. */
export function runName(pipeline: string, now: Date): string {
  return `${pipeline}-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`
}

/** Owned by its pipeline, so that it is deleted with it. */
function draft({ metadata }: PipelineObject, name: string, { params, interval, allowRemoval }: NewRun): Draft<RunObject> {
  const { name: pipeline, namespace, uid = '' } = metadata
  return {
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [labels.pipeline]: pipeline },
      ownerReferences: [{ apiVersion, kind: 'Pipeline', name: pipeline, uid }],
    },
    spec: {
      pipelineRef: { name: pipeline },
      ...(params === undefined ? {} : { params }),
      ...(interval === undefined ? {} : { interval }),
      ...(allowRemoval === true && { allowRemoval }),
    },
  }
}
