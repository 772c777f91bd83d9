// retrying: retries retryable failures with exponential backoff; all other failures are thrown at once. Called by the engine, the worker
// process, the CLI and the watchdog.
import { setTimeout as sleep } from 'node:timers/promises'
import type { RetryPolicy } from '../crds/defaults.ts'
import type { HeadgateError } from '../sdk/index.ts'
import { failureOf } from '../sdk/thrown.ts'

export { retryPolicy } from '../crds/defaults.ts'

export type Retries = {
  policy: RetryPolicy
  signal: AbortSignal
  /** Called with every failure that is about to be retried. */
  onRetry?: (error: HeadgateError, waitMilliseconds: number) => void
}

/** Milliseconds to wait after `failures` consecutive failures. */
export function retryWait({ initialMilliseconds, maxMilliseconds }: RetryPolicy, failures: number): number {
  return Math.min(maxMilliseconds, initialMilliseconds * 2 ** (failures - 1))
}

/**
 * Calls `attempt` until it succeeds, throws an error that is not retryable, or has failed more than `limit` times in a row. A change of
 * `progress` between two failures resets the count, so that a long job is not failed by rare failures.
 */
export async function retrying<Result>(retries: Retries, attempt: () => Promise<Result>, progress: () => number = () => 0): Promise<Result> {
  let failures = 0
  let reached = progress()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const { code, retryable } = failureOf(error)
      // Another worker may be able to read the source, so this one must release its slice instead of waiting.
      if (!retryable || code === 'SourceUnavailable' || retries.signal.aborted) throw error
      if (progress() !== reached) failures = 0
      reached = progress()
      if (failures++ >= retries.policy.limit) throw error
      const wait = retryWait(retries.policy, failures)
      retries.onRetry?.(error as HeadgateError, wait)
      await sleep(wait, undefined, { signal: retries.signal }).catch(() => {})
    }
  }
}
