// The declaration of a run at the moment it starts, as an immutable ConfigMap: what runs is never edited underneath. People who may
// write ConfigMaps could put another one in its place, so the hash of its text is recorded in the run's status before it is created.
// Written by start/, read by start/ and cancel/.
import { createHash } from 'node:crypto'
import { apiVersion, labels, type OwnerReference } from '../../../crds/metadata.ts'
import type { PipelineSpec } from '../../../crds/pipeline.ts'
import { type RunSnapshot, snapshotKey, snapshotName } from '../../../crds/wire/snapshot.ts'
import type { KeptRun } from '../../cache/runs.ts'
import type { ConfigMap } from '../../kubernetes/objects.ts'
import { configMaps } from '../../kubernetes/resources.ts'
import type { RunContext } from './context.ts'

/** A snapshot, the text that its ConfigMap holds, and the SHA-256 of the text in hexadecimal. */
export type Declaration = { snapshot: RunSnapshot; text: string; hash: string }

/** Everything but the Pipeline's spec comes from the run itself. `cancelToken` is a secret of the run's namespace. */
export function declarationOf(run: KeptRun, spec: PipelineSpec, cancelToken: string): Declaration {
  const snapshot = snapshotOf(run, spec, cancelToken)
  const text = JSON.stringify(snapshot)
  return { snapshot, text, hash: hashOf(text) }
}

function snapshotOf({ metadata, spec: asked }: KeptRun, spec: PipelineSpec, cancelToken: string): RunSnapshot {
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

/** The declaration in a ConfigMap whose text has the recorded hash; undefined if the text is another or may still change. */
export function declarationIn({ data, immutable }: ConfigMap, run: KeptRun): Declaration | undefined {
  const text = data?.[snapshotKey] ?? ''
  const hash = hashOf(text)
  if (immutable !== true || hash !== run.status?.snapshotHash) return undefined
  const { pipeline, cancelToken = '' } = JSON.parse(text) as RunSnapshot
  return { snapshot: snapshotOf(run, pipeline.spec, cancelToken), text, hash }
}

/** What the run's ConfigMap holds, if it is what was recorded. */
export async function foundSnapshot({ client }: Pick<RunContext, 'client'>, run: KeptRun): Promise<Declaration | undefined> {
  const found = await client.get(configMaps, snapshotName(run.metadata.name), run.metadata.namespace)
  return found && declarationIn(found, run)
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
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
