// The declaration of a run at the moment it starts, stored in an immutable ConfigMap, so that later edits do not affect the run. Anyone
// who may write ConfigMaps could replace it, so the hash of its text is recorded in the run's status before it is created.
// Written by start/, read by start/ and cancel/.
import { createHash } from 'node:crypto'
import { apiVersion, labels, type OwnerReference } from '../../../crds/metadata.ts'
import type { PipelineSpec } from '../../../crds/pipeline.ts'
import { type RunSnapshot, snapshotKey, snapshotName } from '../../../crds/wire/snapshot.ts'
import type { CachedRun } from '../../cache/runs.ts'
import type { ConfigMap } from '../../kubernetes/objects.ts'
import { configMaps } from '../../kubernetes/resources.ts'
import type { RunContext } from './context.ts'

/** A snapshot, the text that its ConfigMap holds, and the SHA-256 of the text in hexadecimal. */
export type Declaration = { snapshot: RunSnapshot; text: string; hash: string }

/** Everything except the Pipeline's spec comes from the run. `cancelToken` is a secret known only in the run's namespace. */
export function declarationOf(run: CachedRun, spec: PipelineSpec, cancelToken: string): Declaration {
  const snapshot = snapshotOf(run, spec, cancelToken)
  const text = JSON.stringify(snapshot)
  return { snapshot, text, hash: hashOf(text) }
}

function snapshotOf({ metadata, spec: asked }: CachedRun, spec: PipelineSpec, cancelToken: string): RunSnapshot {
  const { name, namespace, uid, creationTimestamp } = metadata
  const { params = {}, interval, allowRemoval, pipelineRef } = asked
  return {
    name,
    namespace,
    uid,
    pipeline: { apiVersion, kind: 'Pipeline', metadata: { name: pipelineRef.name, namespace }, spec },
    params,
    ...(interval === undefined ? {} : { interval }),
    ...(allowRemoval === true && { allowRemoval }),
    createdAt: creationTimestamp,
    cancelToken,
  }
}

/** The declaration in a ConfigMap; undefined if its hash is not the recorded one, or if the ConfigMap is mutable. */
export function declarationIn({ data, immutable }: ConfigMap, run: CachedRun): Declaration | undefined {
  const text = data?.[snapshotKey] ?? ''
  const hash = hashOf(text)
  if (immutable !== true || hash !== run.status?.snapshotHash) return undefined
  const { pipeline, cancelToken = '' } = JSON.parse(text) as RunSnapshot
  return { snapshot: snapshotOf(run, pipeline.spec, cancelToken), text, hash }
}

/** The declaration in the run's ConfigMap; undefined if the ConfigMap is missing or is not the recorded one. */
export async function foundSnapshot({ client }: Pick<RunContext, 'client'>, run: CachedRun): Promise<Declaration | undefined> {
  const found = await client.get(configMaps, snapshotName(run.metadata.name), run.metadata.namespace)
  return found && declarationIn(found, run)
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Labels of the run's ConfigMap, Job and pods. */
export function workerLabels({ name, pipeline }: RunSnapshot): Record<string, string> {
  return {
    [labels.managedBy]: 'headgate',
    [labels.component]: 'worker',
    [labels.pipeline]: pipeline.metadata.name,
    [labels.run]: name,
  }
}

/** Owner reference, so that the garbage collector deletes the object with the run. */
export function ownedBy({ name, uid }: Pick<RunSnapshot, 'name' | 'uid'>): OwnerReference {
  return { apiVersion, kind: 'PipelineRun', name, uid, controller: true, blockOwnerDeletion: true }
}
