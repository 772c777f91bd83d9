// What a worker does when it cannot find or read its source while it plans the run. A pod whose volume is not mounted sees an empty folder,
// while the others have the files: it leaves the planning to them. Called by planRun.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { type Enrolled, enrol, othersMayPlan, withdraw } from '../../store/planner.ts'
import type { StoreSession } from '../../store/session.ts'
import { type Retries, retryWait } from './retry.ts'

export type PlanAttemptsOptions = {
  session: StoreSession
  enrolled: Enrolled
  retries: Retries
  leaseMilliseconds: number | undefined
  /** Whether the run has workers that may see other files than this one. */
  othersSeeMore: boolean
}

const sourceTroubles = ['SourceNotFound', 'SourceUnreadable', 'SourceUnavailable']

/** The attempts of one worker to plan one run. */
export class PlanAttempts {
  readonly #options: PlanAttemptsOptions
  #failures = 0
  /** Why the worker has withdrawn. */
  #reason: HeadgateError | undefined

  constructor(options: PlanAttemptsOptions) {
    this.#options = options
  }

  /** Call it before the first attempt: the other workers count on this one until it withdraws. */
  async begin(): Promise<void> {
    const { session, enrolled, leaseMilliseconds, othersSeeMore } = this.#options
    if (othersSeeMore && this.#reason === undefined) await enrol(session, { ...enrolled, leaseMilliseconds })
  }

  /** Whether the worker may try to plan. Throws why it withdrew if no worker is left that may. */
  async mayTry(): Promise<boolean> {
    if (this.#reason === undefined) return true
    if (!(await othersMayPlan(this.#options.session, this.#options.enrolled))) throw this.#reason
    return false
  }

  /**
   * Waits, longer each time, after the worker has let the others plan. After its last retry it withdraws. Throws the error if another worker
   * would meet it, too, or if no other one may still plan: that ends the run.
   */
  async meet(error: unknown): Promise<void> {
    const { session, enrolled, retries, othersSeeMore } = this.#options
    if (!othersSeeMore || !(error instanceof HeadgateError) || !sourceTroubles.includes(error.code)) throw error
    if (++this.#failures <= retries.policy.limit) {
      const wait = retryWait(retries.policy, this.#failures)
      retries.onRetry?.(error, wait)
      await sleep(wait, undefined, { signal: retries.signal }).catch(() => {})
      return
    }
    if (!(await session.transaction((transaction) => withdraw(transaction, enrolled)))) throw error
    this.#reason = error
  }
}
