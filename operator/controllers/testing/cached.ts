// Fixtures of cached Jobs and pods, for unit tests of decisions.
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import type { CachedJob, JobEnd } from '../../cache/jobs.ts'
import type { CachedPod, PodEnd } from '../../cache/pods.ts'

export function jobFixture(more: Partial<CachedJob> = {}): CachedJob {
  return {
    name: 'orders-1',
    uid: 'job-uid',
    deleting: false,
    owner: { kind: 'PipelineRun', name: 'orders-1', uid: 'run-uid' },
    workers: 1,
    startDeadlineMs: 600_000,
    suspended: false,
    suspensionProcessed: false,
    active: 1,
    terminating: 0,
    succeeded: 0,
    failed: 0,
    end: undefined,
    ...more,
  }
}

export function podFixture(more: Partial<CachedPod> = {}): CachedPod {
  return {
    name: 'orders-1-0-abcde',
    uid: 'pod-uid',
    run: 'sales/orders-1',
    jobUid: 'job-uid',
    index: 0,
    createdAt: 0,
    deleting: false,
    phase: 'Pending',
    image: 'registry/x:1',
    unschedulable: undefined,
    disruption: undefined,
    waiting: undefined,
    ended: undefined,
    ...more,
  }
}

export function endFixture(type: JobEnd['type'], reason = '', message = ''): JobEnd {
  return { type, reason, message, at: 0 }
}

/** A pod whose container has ended. */
export function endedPod(exitCode: number, more: Partial<PodEnd> = {}, pod: Partial<CachedPod> = {}): CachedPod {
  const ended = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', at: 0, report: undefined, logTail: '', ...more }
  return podFixture({ phase: exitCode === 0 ? 'Succeeded' : 'Failed', ended, ...pod })
}

export function reportFixture(state: WorkerReport['state'], more: Partial<WorkerReport> = {}): WorkerReport {
  return {
    state,
    records: { read: 100, loaded: 90, unchanged: 5, superseded: 0, filtered: 0, quarantined: 5, parked: 0 },
    slices: { total: 4, done: 4 },
    timings: { extractMs: 10, validateMs: 20, transformMs: 0, loadMs: 30 },
    throughput: 1000,
    ...more,
  }
}
