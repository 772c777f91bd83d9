// The snapshot of a run: its declaration at the start, as JSON in an immutable ConfigMap.
// Written by the operator (operator/controllers/run/); read by each worker, from the mounted file (runner/cluster/snapshot.ts).
import type { PipelineSpec } from '../pipeline.ts'
import type { Interval } from '../pipeline-run.ts'

export type RunSnapshot = {
  /** Name, namespace and uid of the PipelineRun. */
  name: string
  namespace: string
  uid: string
  pipeline: { apiVersion: string; kind: 'Pipeline'; metadata: { name: string; namespace: string }; spec: PipelineSpec }
  params: Record<string, string>
  interval?: Interval
  allowRemoval?: boolean
  /** RFC 3339. */
  createdAt: string
  /** What the value of the cancel key in Redis must be. Only who may read the ConfigMaps of the run’s namespace knows it. */
  cancelToken?: string
}

/** Key of the ConfigMap that holds the snapshot as JSON. */
export const snapshotKey = 'run.json'

/** Name of the ConfigMap of a run. */
export function snapshotName(run: string): string {
  return `${run}-snapshot`
}
