// Coordination: heartbeats, progress, cancellation and rate budgets, which workers exchange outside of batches. Its state may be lost at any
// time; the ledger in the store is authoritative. Called by the engine.
import type { SliceProgress } from '../../crds/wire/redis-keys.ts'
import type { RateBudget, RateBudgetOptions } from './budget.ts'

export type { SliceProgress } from '../../crds/wire/redis-keys.ts'

/** A worker that holds a slice or plans a run. `expired`: its lease in the store has run out. */
export type Holder = { worker: string; expired: boolean }

/** No method may fail a run or delay it: an implementation catches its own errors and returns in bounded time. */
export interface Coordination {
  /** Whether all workers of a run are on one machine, and therefore see the same files. */
  readonly oneMachine: boolean
  /** Returns a name for a worker of this process. Names are never reused. */
  newWorkerName(): string
  /** Starts the worker's heartbeat. It continues until `end`, however long the main thread is busy. */
  begin(worker: string): void
  /** Ends the worker's heartbeat. Other workers may take over its slices at once. */
  end(worker: string): Promise<void>
  /** Returns the dead ones of these workers, whose slices may be taken over. A wrong result only causes work to be done twice. */
  lapsed(holders: readonly Holder[]): Promise<string[]>
  /** Publishes the number of slices that the run was planned into. */
  planned(run: string, slices: number): void
  /** Publishes the progress of a slice. Called after every batch. */
  saveProgress(run: string, progress: SliceProgress): void
  /** Whether cancellation of the run was requested. `run` is the run's name. */
  cancelRequested(run: string): Promise<boolean>
  /** Sets the token that a request to cancel must have. Without a token no request is accepted, because other tenants may share the Redis. */
  setCancelToken?(token: string): void
  /** Returns a budget of requests that all workers with the same coordination share. */
  rateBudget(options: RateBudgetOptions): RateBudget
  /** Ends all workers that have not ended. No method may be called afterwards. */
  close(): Promise<void>
}
