// UnavailableBackoff: backoff of a worker that cannot read its input. The worker releases the slice, waits, and leaves the run after its
// last retry, because other workers may still have the volume that this one has lost. Called by the worker's loop.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { failureOf } from '../../sdk/thrown.ts'
import type { ClaimedSlice } from '../../store/slices.ts'
import { retryWait } from '../retry.ts'
import { otherHolders } from './holders.ts'
import type { Work } from './work.ts'

export function isUnavailable(error: unknown): error is HeadgateError {
  return failureOf(error).code === 'SourceUnavailable'
}

export function isUnfit(error: unknown): boolean {
  return failureOf(error).code === 'WorkerUnfit'
}

/** Counts the consecutive failures of one worker. */
export class UnavailableBackoff {
  readonly #work: Work
  #failures = 0
  #failed: ClaimedSlice | undefined

  constructor(work: Work) {
    this.#work = work
  }

  /** Call it when the worker has read its input. */
  reset(): void {
    this.#failures = 0
  }

  /**
   * Waits with increasing backoff before the worker claims another slice. After the last retry, throws WorkerUnfit if other live workers
   * hold slices, which ends this worker only. Otherwise throws the error, which fails the run; the run can be resumed.
   */
  async backOff(error: HeadgateError, claim: ClaimedSlice): Promise<void> {
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
    throw new HeadgateError('WorkerUnfit', `this worker leaves the run to the other workers, because it cannot read its input: ${error.message}`, {
      cause: error,
    })
  }
}
