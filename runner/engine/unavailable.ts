// What a worker does when it cannot read its input: it gives the slice back, backs off, and leaves after some tries. The other workers may
// still have the volume that this one has lost. Called by the worker's loop.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { failureOf } from '../../sdk/thrown.ts'
import type { ClaimedSlice } from '../../store/slices.ts'
import { otherHolders } from './holders.ts'
import { retryWait } from './retry.ts'
import type { Work } from './work.ts'

export function isUnavailable(error: unknown): error is HeadgateError {
  return failureOf(error).code === 'SourceUnavailable'
}

export function isUnfit(error: unknown): boolean {
  return failureOf(error).code === 'WorkerUnfit'
}

/** Counts failures in a row of one worker. */
export class Unavailable {
  readonly #work: Work
  #failures = 0
  #failed: ClaimedSlice | undefined

  constructor(work: Work) {
    this.#work = work
  }

  /** The worker has read its input. */
  reset(): void {
    this.#failures = 0
  }

  /**
   * Waits, longer each time, before the worker claims again. After the last retry throws WorkerUnfit if other workers hold slices, so that
   * this worker alone ends; else the error, which ends the run until somebody resumes it.
   */
  async meet(error: HeadgateError, claim: ClaimedSlice): Promise<void> {
    const { policy, signal, onRetry } = this.#work.retries
    const before = this.#failed
    if (before?.ordinal === claim.ordinal && before.batches < claim.batches) this.reset()
    this.#failed = claim
    if (++this.#failures <= policy.limit) {
      const wait = retryWait(policy, this.#failures)
      onRetry?.(error, wait)
      await sleep(wait, undefined, { signal }).catch(() => {})
      return
    }
    const { held, lapsed } = await otherHolders(this.#work)
    if (held.every((worker) => lapsed.includes(worker))) throw error
    throw new HeadgateError('WorkerUnfit', `this worker left the run to the others, because it cannot read its input: ${error.message}`, { cause: error })
  }
}
