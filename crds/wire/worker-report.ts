// The report of a worker that ends: its exit code, and JSON in /dev/termination-log, which Kubernetes keeps as termination message.
// Written by each worker (runner/cluster/report.ts); read by the operator (operator/cache/report.ts), which learns a run's
// totals from it without access to the store.
import type { RunRecords, RunSlices, RunTimings } from '../status.ts'

/** The container that reports; a pod may have others beside it. */
export const workerContainer = 'worker'

/** The kubelet cuts off what is longer. */
export const maxWorkerReportBytes = 4096

export type WorkerReport = {
  /** Running: this worker ended, the run did not. */
  state: 'Running' | 'Succeeded' | 'Failed' | 'Cancelled'
  records: RunRecords
  slices: RunSlices
  timings: RunTimings
  /** Records per second since the run began, a whole number. */
  throughput?: number
  failure?: { code: string; message: string; retryable: boolean; slice?: number; position?: string }
}

/** Meaning of a worker's exit code. 64 to 79 end the run, independent of the other workers. */
export const workerExitCodes = {
  /** The whole run succeeded. */
  succeeded: 0,
  /** This worker failed or was stopped; another may do better. */
  workerFailed: 1,
  /** The run cannot succeed. */
  runFailed: 65,
  cancelled: 70,
  firstFinal: 64,
  lastFinal: 79,
} as const
