// The cached form of a worker's pod: why it waits, or how it ended and what it reported. Used by caches.ts and the run controller.
// Tenants who may create pods can write most of these fields, so texts are truncated and numbers checked.
import { labels } from '../../crds/metadata.ts'
import { type WorkerReport, workerContainer } from '../../crds/wire/worker-report.ts'
import type { Pod } from '../kubernetes/objects.ts'
import { parseWorkerReport } from './report.ts'

export type CachedPod = {
  name: string
  uid: string
  /** `namespace/name` of the run. */
  run: string
  /** The uid of its Job. */
  jobUid: string | undefined
  /** Index of the worker within the run. */
  index: number
  createdAt: number
  deleting: boolean
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
  image: string
  /** Why the scheduler finds no node; undefined if it has not reported that. */
  unschedulable: string | undefined
  /** Why the pod was disrupted: eviction, preemption, or a drained or lost node. */
  disruption: string | undefined
  waiting: { reason: string; message: string } | undefined
  ended: PodEnd | undefined
}

export type PodEnd = {
  exitCode: number
  reason: string
  /** Milliseconds since 1970, 0 if unknown. */
  at: number
  report: WorkerReport | undefined
  /** The end of the log if there is no report. */
  logTail: string
}

const indexAnnotation = 'batch.kubernetes.io/job-completion-index'
const longestLogTail = 400
const longestText = 1024
/** More than the number of workers a Pipeline may have. */
const maxIndexes = 100_000

export function toCachedPod(pod: Pod): CachedPod {
  const { metadata, spec, status } = pod
  const state = workerOf(status)?.state
  const waiting = status?.initContainerStatuses?.find((container) => container.state?.waiting)?.state?.waiting ?? state?.waiting
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    run: `${metadata.namespace ?? ''}/${metadata.labels?.[labels.run] ?? ''}`,
    jobUid: metadata.ownerReferences?.find(({ apiVersion, kind, controller }) => controller && kind === 'Job' && apiVersion === 'batch/v1')?.uid,
    index: indexOf(metadata.annotations?.[indexAnnotation] ?? metadata.labels?.[indexAnnotation]),
    createdAt: Date.parse(metadata.creationTimestamp ?? '') || 0,
    deleting: metadata.deletionTimestamp !== undefined,
    phase: (status?.phase as CachedPod['phase'] | undefined) ?? 'Pending',
    image: cut(spec?.containers?.find(({ name }) => name === workerContainer)?.image),
    unschedulable: conditionMessage(status, 'PodScheduled', 'False'),
    disruption: status?.reason === 'Evicted' ? cut(status.message ?? 'evicted') : conditionMessage(status, 'DisruptionTarget', 'True'),
    waiting: waiting && { reason: cut(waiting.reason), message: cut(waiting.message) },
    ended: endOf(status),
  }
}

/** The worker's container; webhooks may have added others. */
function workerOf(status: Pod['status']) {
  return status?.containerStatuses?.find(({ name }) => name === workerContainer)
}

function indexOf(text: string | undefined): number {
  const index = Number(text)
  return Number.isInteger(index) && index >= 0 && index < maxIndexes ? index : 0
}

function cut(text: string | undefined): string {
  return (text ?? '').slice(0, longestText)
}

function conditionMessage(status: Pod['status'], type: string, value: string): string | undefined {
  const condition = status?.conditions?.find((one) => one.type === type && one.status === value)
  return condition && cut(condition.message || condition.reason || type)
}

function endOf(status: Pod['status']): PodEnd | undefined {
  const terminated = workerOf(status)?.state?.terminated
  if (terminated === undefined) return undefined
  const report = parseWorkerReport(terminated.message)
  return {
    exitCode: terminated.exitCode ?? 0,
    reason: cut(terminated.reason),
    at: Date.parse(terminated.finishedAt ?? '') || 0,
    report,
    logTail: report === undefined ? (terminated.message ?? '').trim().slice(-longestLogTail) : '',
  }
}

/** Indexes of the cache of pods. */
export const podIndexes = { run: (pod: CachedPod) => pod.run }
