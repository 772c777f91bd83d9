// Keys that wait for a controller: each at most once, and never worked on by two workers at the same time.
import type { Clock } from './clock.ts'
import type { QueueMetrics } from './hooks.ts'
import type { RateLimits } from './rate-limits.ts'

export type QueueOptions = { name: string; clock?: Clock; random?: () => number; limits?: Partial<RateLimits>; metrics?: QueueMetrics }

export class WorkQueue {
  readonly name: string

  constructor(options: QueueOptions) {
    this.name = options.name
  }

  /** Keys that are ready and not taken. */
  get depth(): number {
    return 0
  }

  /** Enqueues a key. One that waits already stays where it is; one being worked on comes again when that is done. */
  add(_key: string): void {}

  /** Enqueues a key later; of several times the earliest counts. */
  addAfter(_key: string, _milliseconds: number): void {}

  /** Enqueues a key that failed: later each time, until it is forgotten. */
  addRateLimited(_key: string): void {}

  /** The key is well again: its next failure counts as the first. */
  forget(_key: string): void {}

  /** How often a key failed since it was forgotten. */
  retries(_key: string): number {
    return 0
  }

  /** The next key; waits for one. Undefined when the queue is shut down. The caller must say `done`. */
  async take(): Promise<string | undefined> {
    return undefined
  }

  done(_key: string): void {}

  /** Nothing more is handed out; resolved when all that was taken is done. */
  async shutdown(): Promise<void> {}
}
