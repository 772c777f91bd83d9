// Retrying: passing failures are met with waits that double; everything else ends at once.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'

export type RetryPolicy = { limit: number; initialMilliseconds: number; maxMilliseconds: number }

const unitMilliseconds = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of a duration such as 500ms, 30s, 5m, 2h, 90d. */
export function durationMilliseconds(text: string): number {
  const match = /^([0-9]+)(ms|s|m|h|d)$/.exec(text)
  if (match === null) throw new HeadgateError('InvalidPipeline', `"${text}" is not a duration; write for example 500ms, 30s, 5m, 2h or 90d`)
  return Number(match[1]) * unitMilliseconds[match[2] as keyof typeof unitMilliseconds]
}

export function retryPolicy(spec: Pick<PipelineSpec, 'retry'>): RetryPolicy {
  return {
    limit: spec.retry?.limit ?? 5,
    initialMilliseconds: durationMilliseconds(spec.retry?.backoff?.initial ?? '1s'),
    maxMilliseconds: durationMilliseconds(spec.retry?.backoff?.max ?? '5m'),
  }
}

export type Retries = {
  policy: RetryPolicy
  signal: AbortSignal
  /** Hears of every failure that is going to be tried again. */
  onRetry?: (error: HeadgateError, waitMilliseconds: number) => void
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
      if (!(error instanceof HeadgateError) || !error.retryable || retries.signal.aborted) throw error
      if (progress() !== reached) failures = 0
      reached = progress()
      if (failures++ >= retries.policy.limit) throw error
      const wait = Math.min(retries.policy.maxMilliseconds, retries.policy.initialMilliseconds * 2 ** (failures - 1))
      retries.onRetry?.(error, wait)
      await sleep(wait, undefined, { signal: retries.signal }).catch(() => {})
    }
  }
}
