// The pods of a run: which worker each is, whether its log can be read, and why it waits. Used by logs.
import { labels } from '../../crds/metadata.ts'
import { workerContainer } from '../../crds/wire/worker-report.ts'
import type { Pod } from '../../operator/kubernetes/objects.ts'
import { visible } from '../output.ts'
import type { Cluster } from './connect.ts'
import { listAllMatching } from './look-up.ts'
import { pods } from './resources.ts'

export type WorkerPod = {
  name: string
  /** Index of the worker, from 0. */
  worker: number
  /** 1 for the first pod of this worker, 2 for its replacement. */
  attempt: number
  /** Whether its container has started. */
  started: boolean
  ended: boolean
  /** Why the container has not started; empty if the reason is not known yet. */
  waitsFor: string
}

/** By worker, then in the order in which they were made. */
export async function workerPods({ client, namespace }: Pick<Cluster, 'client' | 'namespace'>, run: string): Promise<WorkerPod[]> {
  const all = await listAllMatching(client, pods, namespace, `${labels.run}=${run}`)
  const sorted = all.sort((a, b) => indexOf(a) - indexOf(b) || bornOf(a).localeCompare(bornOf(b)) || a.metadata.name.localeCompare(b.metadata.name))
  const attempts = new Map<number, number>()
  return sorted.map((pod) => {
    const worker = indexOf(pod)
    const attempt = (attempts.get(worker) ?? 0) + 1
    attempts.set(worker, attempt)
    return { name: pod.metadata.name, worker, attempt, ...stateOf(pod) }
  })
}

function indexOf({ metadata }: Pod): number {
  return Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? 0)
}

function bornOf({ metadata }: Pod): string {
  return metadata.creationTimestamp ?? ''
}

function stateOf({ status }: Pod): Pick<WorkerPod, 'started' | 'ended' | 'waitsFor'> {
  const state = status?.containerStatuses?.find(({ name }) => name === workerContainer)?.state
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  if (state?.running !== undefined || state?.terminated !== undefined) return { started: true, ended: ended || state.terminated !== undefined, waitsFor: '' }
  const unscheduled = status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  const reasons = [state?.waiting?.reason, state?.waiting?.message ?? unscheduled?.message ?? status?.message].filter((part) => part)
  return { started: false, ended, waitsFor: visible(reasons.join(': ')) }
}
