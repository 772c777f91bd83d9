// Environment: everything that a class takes from outside the pipeline and its input, so that a test can replace it.

/** Time. A test passes a clock that does not wait. */
export interface Clock {
  now(): Date
  /** Waits; ends early, without an error, when `signal` is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** Requests per second to one host with one credential. */
export type BudgetRequest = {
  host: string
  /** Name of the credential that requests are counted for, never the credential itself. Default: all requests to the host count together. */
  credential?: string
  perSecond: number
  /** Most requests that may be sent at once after a pause. Default: `perSecond`, at least 1. */
  burst?: number
}

/** A request rate that all workers of all pipelines with the same Redis share. Without Redis it is divided among the run's workers. */
export interface Budget {
  /** Takes `count` requests, and returns once they may be sent. Ends early, without an error, when `signal` is aborted. */
  take(count: number, signal?: AbortSignal): Promise<void>
}

export interface Environment {
  /**
   * The value of a secret that the pipeline names under `plugin.secrets`. Throws SecretMissing, which says what to set.
   *
   * @example const token = run.environment.secret('partner-api', 'token')
   */
  secret(name: string, key: string): string
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  /** At least 0 and below 1. */
  random(): number
  /** Returns the same budget for the same host and credential. */
  budget(request: BudgetRequest): Budget
}
