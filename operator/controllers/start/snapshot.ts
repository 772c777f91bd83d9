// The declaration of a run at the moment it starts, as an immutable ConfigMap: what runs is never edited underneath.
import { apiVersion, labels, type OwnerReference } from '../../../crds/metadata.ts'
import type { Pipeline } from '../../../crds/pipeline.ts'
import type { PipelineRun } from '../../../crds/pipeline-run.ts'
import { type RunSnapshot, snapshotKey, snapshotName } from '../../../crds/snapshot.ts'
import type { ConfigMap } from '../../kubernetes/objects.ts'

export function snapshotOf(run: PipelineRun, pipeline: Pipeline): RunSnapshot {
  const { name, namespace = '', uid = '', creationTimestamp = '' } = run.metadata
  const { params = {}, interval, allowRemoval } = run.spec
  return {
    name,
    namespace,
    uid,
    pipeline: { apiVersion, kind: 'Pipeline', metadata: { name: pipeline.metadata.name, namespace }, spec: pipeline.spec },
    params,
    ...(interval === undefined ? {} : { interval }),
    ...(allowRemoval === true && { allowRemoval }),
    createdAt: creationTimestamp,
  }
}

export function snapshotConfigMap(snapshot: RunSnapshot, generation: number): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: snapshotName(snapshot.name),
      namespace: snapshot.namespace,
      labels: workerLabels(snapshot),
      annotations: { [generationAnnotation]: String(generation) },
      ownerReferences: [ownedBy(snapshot)],
    },
    immutable: true,
    data: { [snapshotKey]: JSON.stringify(snapshot) },
  }
}

/** On the ConfigMap: generation of the Pipeline that it holds. */
const generationAnnotation = 'headgate.dev/pipeline-generation'

/** What a ConfigMap that was made before holds; throws SyntaxError if that is nothing we wrote. */
export function snapshotIn(configMap: ConfigMap): { snapshot: RunSnapshot; generation: number } {
  const snapshot = JSON.parse(configMap.data?.[snapshotKey] ?? '') as RunSnapshot
  return { snapshot, generation: Number(configMap.metadata.annotations?.[generationAnnotation]) || 0 }
}

/** On everything that belongs to a run's workers. */
export function workerLabels({ name, pipeline }: RunSnapshot): Record<string, string> {
  return {
    [labels.managedBy]: 'headgate',
    [labels.component]: 'worker',
    [labels.pipeline]: pipeline.metadata.name,
    [labels.run]: name,
  }
}

/** What is the run's goes when the run goes. */
export function ownedBy({ name, uid }: Pick<RunSnapshot, 'name' | 'uid'>): OwnerReference {
  return { apiVersion, kind: 'PipelineRun', name, uid, controller: true, blockOwnerDeletion: true }
}
