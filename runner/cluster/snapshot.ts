// readSnapshot: reads the run's snapshot, which the operator wrote when the run started. Later edits of the Pipeline do not affect the run.
// Called by runClusterWorker.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { runSettings } from '../../crds/defaults.ts'
import { storeName } from '../../crds/wire/redis-keys.ts'
import type { RunSnapshot } from '../../crds/wire/snapshot.ts'
import { HeadgateError } from '../../sdk/index.ts'
import type { NewRun } from '../../store/runs.ts'

/** `hash`: required SHA-256 of the file, checked because others may write ConfigMaps in the namespace. Throws InvalidConfig. */
export function readSnapshot(file: string, hash?: string): RunSnapshot {
  try {
    const text = readFileSync(file, 'utf8')
    if (hash !== undefined && createHash('sha256').update(text).digest('hex') !== hash) throw new Error('its content is not what the operator wrote')
    const snapshot = JSON.parse(text) as RunSnapshot
    if (snapshot.name && snapshot.namespace && snapshot.uid && snapshot.pipeline.metadata.name && snapshot.pipeline.spec.schema) return snapshot
  } catch (cause) {
    throw new HeadgateError('InvalidConfig', `the run’s snapshot ${file} cannot be read (${(cause as Error).message}); delete the run and start a new one`, {
      cause,
    })
  }
  throw new HeadgateError('InvalidConfig', `${file} is not a snapshot of a run; delete the run and start a new one`)
}

/** Converts the snapshot to the run's row in the store. */
export function declaredRun({ name, namespace, uid, pipeline, params, interval, allowRemoval }: RunSnapshot): NewRun & { uid: string } {
  const { workers, batchSize } = runSettings(pipeline.spec)
  return {
    name: storeName(namespace, name),
    pipeline: storeName(namespace, pipeline.metadata.name),
    uid,
    spec: pipeline.spec,
    params,
    interval: interval === undefined ? undefined : { start: new Date(interval.start), end: new Date(interval.end) },
    allowRemoval: allowRemoval === true,
    workers,
    batchSize,
  }
}
