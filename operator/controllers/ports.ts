// What the controller of runs asks of the world besides the API server. main.ts hands in what there is; all of it may be missing.
import type { RunFailure, RunRecords, RunSlices } from '../../crds/status.ts'
import type { WorkerReport } from '../../crds/wire/worker-report.ts'

/** A run as the store knows it: `namespace/name` of the PipelineRun, and its uid. */
export type StoredRun = { name: string; uid: string }

export interface RunStore {
  /** What the store knows of a run; undefined if it has none of that name and uid. Rejects if it cannot be asked. */
  findTotals(run: StoredRun): Promise<WorkerReport | undefined>
  /** Ends a run that nobody works on any more; without effect if the store has no such run or it ended by itself. */
  end(run: StoredRun, state: 'Cancelled' | 'Failed', failure?: RunFailure): Promise<void>
}

export interface CancelSignal {
  /**
   * Asks the workers of a run (its store name) to stop after the batch in hand; `token` is that of its snapshot. Rejects if they
   * cannot be reached.
   */
  cancel(run: string, token: string): Promise<void>
}

/** How far a run is, as shown while it goes on. */
export type LiveProgress = { records?: RunRecords; slices?: RunSlices; throughput?: number }

export interface ProgressBook {
  /** The latest known progress of a run, by `namespace/name`. Whoever fills the book enqueues the run when its status should show it. */
  latest(run: string): LiveProgress | undefined
}
