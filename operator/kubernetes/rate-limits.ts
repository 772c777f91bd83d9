// Computes the retry delay of a failed key: exponential backoff per key, and a token bucket for all keys together. Used by queue.ts.

export type RateLimits = {
  /** Delay after the first failure of a key; doubled at each further failure, up to `maxMs`. */
  initialMs: number
  maxMs: number
  /** Retries per second for all keys together, after a burst. */
  perSecond: number
  burst: number
}

export const defaultLimits: RateLimits = { initialMs: 100, maxMs: 5 * 60_000, perSecond: 20, burst: 100 }

export class RateLimiter {
  readonly #limits: RateLimits
  readonly #now: () => number
  readonly #random: () => number
  readonly #failures = new Map<string, number>()
  /** Earliest time of the next retry after all slots already assigned; in the past while the bucket is not empty. */
  #nextSlot: number

  constructor(limits: RateLimits, now: () => number, random: () => number) {
    this.#limits = limits
    this.#now = now
    this.#random = random
    this.#nextSlot = now() - this.#capacityMs
  }

  /** Counts a failure of the key; returns the milliseconds until its next attempt. */
  delay(key: string): number {
    const { initialMs, maxMs } = this.#limits
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    const own = Math.min(initialMs * 2 ** failures, maxMs) * (0.75 + this.#random() / 4)
    return Math.max(own, this.#slot())
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }

  get #capacityMs(): number {
    return (this.#limits.burst * 1000) / this.#limits.perSecond
  }

  #slot(): number {
    const now = this.#now()
    this.#nextSlot = Math.max(this.#nextSlot, now - this.#capacityMs) + 1000 / this.#limits.perSecond
    return Math.max(0, this.#nextSlot - now)
  }
}
