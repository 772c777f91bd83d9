// Runs a controller: takes keys from its queue and reconciles them, a fixed number at a time.
import type { Clock } from './clock.ts'
import type { ReconcileMetrics, Report } from './hooks.ts'
import type { WorkQueue } from './queue.ts'

/** Brings one key in order. Throwing means: again, later each time. `again` asks to look once more after so many milliseconds. */
export type Reconcile = (key: string) => Promise<{ again: number } | undefined>

export type WorkerOptions = { report: Report; metrics?: ReconcileMetrics; clock?: Clock }

/** Resolved when the queue was shut down and the last key is done. */
export async function runWorkers(_queue: WorkQueue, _count: number, _reconcile: Reconcile, _options: WorkerOptions): Promise<void> {}
