// RateBudget: requests that all workers of all pipelines may send together to one host with one credential. Used by sources that fetch.
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import type { RedisConnection } from './redis-connection.ts'

export type RateBudgetOptions = {
  /** See `budgetName`. */
  name: string
  perSecond: number
  /** How many may go at once after a pause. Default: what a second gives, at least 1. */
  burst?: number
  /** Who share the budget while Redis is away, each with an equal part. */
  workers: number
}

/** A budget belongs to a host and the name of a credential (never the credential itself), not to a pipeline. */
export function budgetName(host: string, credential: string | undefined): string {
  return `${host.toLowerCase()}/${credential ?? ''}`
}

export class RateBudget {
  readonly #options: Required<RateBudgetOptions>
  readonly #connection: RedisConnection | undefined
  #own: { tokens: number; at: number } | undefined

  /** Without a connection every worker keeps to its part. */
  constructor(options: RateBudgetOptions, connection?: RedisConnection) {
    this.#options = { burst: Math.max(1, options.perSecond), ...options }
    this.#connection = connection
  }

  /**
   * Takes `count` from the budget and answers how many milliseconds to wait before they are used; they are taken in any case.
   *
   * @example await sleep(await budget.take(1)); await fetch(page)
   */
  async take(count: number): Promise<number> {
    const { name, perSecond, burst } = this.#options
    const wait = await this.#connection?.ask((redis) => redis.headgateTake(redisKeys.budget(name), perSecond, burst, count))
    return wait ?? this.#takeOwn(count)
  }

  #takeOwn(count: number): number {
    const { perSecond, burst, workers } = this.#options
    const rate = perSecond / workers / 1000
    const now = performance.now()
    const { tokens, at } = this.#own ?? { tokens: burst / workers, at: now }
    const left = Math.min(burst / workers, tokens + (now - at) * rate) - count
    this.#own = { tokens: left, at: now }
    return left >= 0 ? 0 : Math.ceil(-left / rate)
  }
}
