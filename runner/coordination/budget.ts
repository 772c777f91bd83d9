// RateBudget: limits the rate of requests that all workers of all pipelines together send to one host with one credential. Used by
// runEnvironment.
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import type { RedisConnection } from './redis-connection.ts'

export type RateBudgetOptions = {
  /** See `budgetName`. */
  name: string
  perSecond: number
  /** Maximum number of requests at once after a pause. Default: `perSecond`, at least 1. */
  burst?: number
  /** Number of workers among which the budget is divided equally while Redis is not available. */
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

  /** Without a connection each worker uses its own part of the budget. */
  constructor(options: RateBudgetOptions, connection?: RedisConnection) {
    this.#options = { burst: Math.max(1, options.perSecond), ...options }
    this.#connection = connection
  }

  /**
   * Takes `count` requests from the budget and returns how many milliseconds to wait before sending them. The requests count as sent even if
   * the caller does not wait.
   *
   * @example await sleep(await budget.take(1)); await fetch(page)
   */
  async take(count: number): Promise<number> {
    const { name, perSecond, burst } = this.#options
    const wait = await this.#connection?.attempt((redis) => redis.headgateTake(redisKeys.budget(name), perSecond, burst, count))
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
