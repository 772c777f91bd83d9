// The Job of a run: one pod per worker, and rules that say when the run is over. Pure; `start/act.ts` creates it.
import { runSettings } from '../../../crds/defaults.ts'
import { snapshotName } from '../../../crds/snapshot.ts'
import { workerExitCodes } from '../../../crds/worker-report.ts'
import type { Job } from '../../kubernetes/objects.ts'
import { startDeadlineAnnotation } from '../observe/kept-job.ts'
import { workerPod } from './pod.ts'
import { type Declaration, ownedBy, workerLabels } from './snapshot.ts'

/** How often a worker is started again before it counts as failed. */
const retriesPerWorker = 3

/** `image` is what the workers run if the Pipeline names none. */
export function runJob({ snapshot, hash }: Declaration, image: string): Job {
  const settings = runSettings(snapshot.pipeline.spec)
  const { workers, startDeadlineMilliseconds, timeoutMilliseconds } = settings
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: snapshot.name,
      namespace: snapshot.namespace,
      labels: workerLabels(snapshot),
      annotations: { [startDeadlineAnnotation]: String(startDeadlineMilliseconds) },
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
      ...(timeoutMilliseconds === undefined ? {} : { activeDeadlineSeconds: Math.max(1, Math.ceil(timeoutMilliseconds / 1000)) }),
      template: workerPod(snapshot, { image, snapshotName: snapshotName(snapshot.name), snapshotHash: hash }),
    },
  }
}

function failureRules() {
  const { firstFinal, lastFinal } = workerExitCodes
  const final = Array.from({ length: lastFinal - firstFinal + 1 }, (_, index) => firstFinal + index)
  return [
    { action: 'FailJob', onExitCodes: { containerName: 'worker', operator: 'In', values: final } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ]
}
