// PlanAttempts: retries of a worker that cannot find or read its source while it plans the run. A pod whose volume is not mounted sees an
// empty folder while other pods have the files, so it leaves planning to them. Called by planRun.
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadgateError } from '../../sdk/index.ts'
import { type Candidate, hasOtherCandidates, registerCandidate, withdraw } from '../../store/planner.ts'
import type { StoreSession } from '../../store/session.ts'
import { type Retries, retryWait } from '../retry.ts'

export type PlanAttemptsOptions = {
  session: StoreSession
  enrolled: Candidate
  retries: Retries
  leaseMilliseconds: number | undefined
  /** Whether the run has workers on other machines, which may see files that this one does not. */
  onSeveralMachines: boolean
}

const sourceErrorCodes = ['SourceNotFound', 'SourceUnreadable', 'SourceUnavailable']

/** The attempts of one worker to plan one run. */
export class PlanAttempts {
  readonly #options: PlanAttemptsOptions
  #failures = 0
  /** The error that made the worker withdraw from planning. */
  #reason: HeadgateError | undefined

  constructor(options: PlanAttemptsOptions) {
    this.#options = options
  }

  /** Call it before the first attempt: registers the worker as a candidate for planning, until it withdraws. */
  async begin(): Promise<void> {
    const { session, enrolled, leaseMilliseconds, onSeveralMachines } = this.#options
    if (onSeveralMachines && this.#reason === undefined) await registerCandidate(session, { ...enrolled, leaseMilliseconds })
  }

  /** Whether the worker may try to plan. If the worker has withdrawn and no other candidate is left, throws the error that made it withdraw. */
  async mayTry(): Promise<boolean> {
    if (this.#reason === undefined) return true
    if (!(await hasOtherCandidates(this.#options.session, this.#options.enrolled))) throw this.#reason
    return false
  }

  /**
   * Waits with increasing backoff, so that other workers can plan. After the last retry, the worker withdraws from planning. Throws the
   * error, which fails the run, if another worker would fail in the same way or no other candidate is left.
   */
  async handleFailure(error: unknown): Promise<void> {
    const { session, enrolled, retries, onSeveralMachines } = this.#options
    if (!onSeveralMachines || !(error instanceof HeadgateError) || !sourceErrorCodes.includes(error.code)) throw error
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
