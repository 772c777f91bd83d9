// Retrying: passing failures are met with waits that double; everything else ends at once.
import { setTimeout as sleep } from 'node:timers/promises'
import type { RetryPolicy } from '../../crds/defaults.ts'
import type { HeadgateError } from '../../sdk/index.ts'
import { failureOf } from '../../sdk/thrown.ts'

export { retryPolicy } from '../../crds/defaults.ts'

export type Retries = {
  policy: RetryPolicy
  signal: AbortSignal
  /** Hears of every failure that is going to be tried again. */
  onRetry?: (error: HeadgateError, waitMilliseconds: number) => void
}

/** How long to wait after so many failures in a row. */
export function retryWait({ initialMilliseconds, maxMilliseconds }: RetryPolicy, failures: number): number {
  return Math.min(maxMilliseconds, initialMilliseconds * 2 ** (failures - 1))
}

/**
 * Calls `attempt` until it succeeds, fails for good, or has failed `limit` times in a row without `progress` moving:
 * a long job that gets on between two failures starts counting anew.
 */
export async function retrying<Result>(retries: Retries, attempt: () => Promise<Result>, progress: () => number = () => 0): Promise<Result> {
  let failures = 0
  let reached = progress()
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const { code, retryable } = failureOf(error)
      // What this worker cannot read another may: it must not wait with the slice in its hands.
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
