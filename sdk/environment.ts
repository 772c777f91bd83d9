// Environment: what a class takes from outside the pipeline and its input, so that a test can give it something else.

/** Time. A test gives a clock of its own and waits for nothing. */
export interface Clock {
  now(): Date
  /** Waits; ends early, without an error, when `signal` is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>
}

/** Requests per second to one host with one credential. */
export type BudgetRequest = {
  host: string
  /** Name of the credential that requests are counted for, never the credential itself. Default: the host counts all together. */
  credential?: string
  perSecond: number
  /** How many may go at once after a pause. Default: as many as in a second, at least 1. */
  burst?: number
}

/** A share of a host's patience, common to all workers of all pipelines that use the same Redis, and divided among the run's workers without one. */
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
  /** The same budget for the same host and credential, wherever it is asked for. */
  budget(request: BudgetRequest): Budget
}
