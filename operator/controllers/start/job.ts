// The Job of a run: one pod per worker, and rules that say when the run is over. Pure; `start/act.ts` creates it.
import { snapshotName } from '../../../crds/wire/snapshot.ts'
import { workerContainer, workerExitCodes } from '../../../crds/wire/worker-report.ts'
import type { Job } from '../../kubernetes/objects.ts'
import { startDeadlineAnnotation } from '../observe/kept-job.ts'
import type { RunControllerSettings } from '../parts.ts'
import { limitedSettings } from './limits.ts'
import { workerPod } from './pod.ts'
import { type Declaration, ownedBy, workerLabels } from './snapshot.ts'

/** How often a worker is started again before it counts as failed. */
const retriesPerWorker = 3

export function runJob({ snapshot, hash }: Declaration, { workerImage: image, limits }: Pick<RunControllerSettings, 'workerImage' | 'limits'>): Job {
  const { workers, startDeadlineMs, timeoutMs } = limitedSettings(snapshot.pipeline.spec, limits)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: snapshot.name,
      namespace: snapshot.namespace,
      labels: workerLabels(snapshot),
      annotations: { [startDeadlineAnnotation]: String(startDeadlineMs) },
      ownerReferences: [ownedBy(snapshot)],
    },
    spec: {
      completionMode: 'Indexed',
      completions: workers,
      parallelism: workers,
      backoffLimitPerIndex: retriesPerWorker,
      maxFailedIndexes: workers,
      podReplacementPolicy: 'Failed',
      // A worker ends well only when the whole run has: one is enough.
      successPolicy: { rules: [{ succeededCount: 1 }] },
      podFailurePolicy: { rules: failureRules() },
      ...(timeoutMs === undefined ? {} : { activeDeadlineSeconds: Math.max(1, Math.ceil(timeoutMs / 1000)) }),
      template: workerPod(snapshot, { image, snapshotName: snapshotName(snapshot.name), snapshotHash: hash, limits }),
    },
  }
}

function failureRules() {
  const { firstFinal, lastFinal } = workerExitCodes
  const final = Array.from({ length: lastFinal - firstFinal + 1 }, (_, index) => firstFinal + index)
  return [
    { action: 'FailJob', onExitCodes: { containerName: workerContainer, operator: 'In', values: final } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ]
}
