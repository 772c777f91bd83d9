// Runs a controller: takes keys from its queue and reconciles a fixed number of them concurrently. Called by term.ts.
import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { type Clock, systemClock } from './clock.ts'
import type { ReconcileMetrics, ReconcileResult, Report } from './hooks.ts'
import type { WorkQueue } from './queue.ts'

/** Reconciles one key. If it throws, the key is retried with backoff. `requeueAfterMs` requests another reconcile after that many milliseconds. */
export type Reconcile = (key: string) => Promise<{ requeueAfterMs: number } | undefined>

export type WorkerOptions = { report: Report; metrics?: ReconcileMetrics; clock?: Clock }

/** Reconciles without I/O never yield, so yield to the event loop after this many keys; the renewal of the lease must not be delayed. */
const keysPerYield = 50

/** Resolves when the queue is shut down and the last key is done. */
export async function runWorkers(
  queue: WorkQueue,
  count: number,
  reconcile: Reconcile,
  { report, metrics, clock = systemClock }: WorkerOptions,
): Promise<void> {
  let active = 0
  metrics?.active(queue.name, active)
  const one = async (key: string) => {
    metrics?.active(queue.name, ++active)
    const began = clock.monotonic()
    const result = await attempt(queue, key, reconcile, report)
    metrics?.reconciled(queue.name, result, (clock.monotonic() - began) / 1000)
    metrics?.active(queue.name, --active)
    queue.done(key)
  }
  const worker = async () => {
    let keys = 0
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await one(key)
      if (++keys % keysPerYield === 0) await yieldToEventLoop()
    }
  }
  await Promise.all(Array.from({ length: count }, worker))
}

async function attempt(queue: WorkQueue, key: string, reconcile: Reconcile, report: Report): Promise<ReconcileResult> {
  try {
    const result = await reconcile(key)
    queue.forget(key)
    if (result === undefined) return 'success'
    queue.addAfter(key, result.requeueAfterMs)
    return 'requeue_after'
  } catch (error) {
    report(`${queue.name} ${key}`, error)
    queue.addRateLimited(key)
    return 'error'
  }
}
