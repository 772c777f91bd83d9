// Coordination: what workers tell each other outside the batches. Fast, and allowed to vanish: the ledger is the truth.
import type { SliceProgress } from '../../crds/wire/redis-keys.ts'
import type { RateBudget, RateBudgetOptions } from './budget.ts'

export type { SliceProgress } from '../../crds/wire/redis-keys.ts'

/** A worker that holds a slice. `expired`: the store has had no sign of life from it for longer than its claim holds. */
export type Holder = { worker: string; expired: boolean }

/** Nothing here may fail a run or hold it up: an implementation swallows its failures and answers in time. */
export interface Coordination {
  /** Whether all workers of a run are on one machine, so that what one of them does not find in its file system no other will. */
  readonly oneMachine: boolean
  /** A name for a worker of this process, unlike any other worker's, ever. */
  newWorker(): string
  /** The worker lives from now on, and says so by itself until `end`, however long its process is busy. */
  begin(worker: string): void
  /** The worker has ended: what it held may be taken at once. */
  end(worker: string): Promise<void>
  /** Which of these workers are gone, so that their slices may be taken. A wrong answer costs work done twice and nothing else. */
  lapsed(holders: readonly Holder[]): Promise<string[]>
  /** Tells whoever watches how many slices the run was planned into. */
  planned(run: string, slices: number): void
  /** Tells whoever watches how far a slice is. Called after every batch. */
  saveProgress(run: string, progress: SliceProgress): void
  /** Whether somebody asked for the run to be cancelled. `run` is its name. */
  cancelRequested(run: string): Promise<boolean>
  /** A request to cancel counts if it has this token; without one none counts, because others may share the Redis. */
  obeyCancel?(token: string): void
  /** A budget of requests that all workers share that these coordination connect. */
  rateBudget(options: RateBudgetOptions): RateBudget
  /** Ends the workers that are still there. Nothing is asked afterwards. */
  close(): Promise<void>
}
