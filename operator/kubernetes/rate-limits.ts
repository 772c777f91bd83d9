// How soon a key that failed is tried again: later each time, and all of them together not too often. The queue asks it.

export type RateLimits = {
  /** Wait after the first failure of a key; doubled at each further one, up to `maxMs`. */
  initialMs: number
  maxMs: number
  /** All keys together: so many retries a second, after a burst. */
  perSecond: number
  burst: number
}

export const defaultLimits: RateLimits = { initialMs: 100, maxMs: 5 * 60_000, perSecond: 20, burst: 100 }

export class RateLimiter {
  readonly #limits: RateLimits
  readonly #now: () => number
  readonly #random: () => number
  readonly #failures = new Map<string, number>()
  /** When the next retry is due if all before it take the slots they were given; lies in the past while the bucket is not empty. */
  #nextSlot: number

  constructor(limits: RateLimits, now: () => number, random: () => number) {
    this.#limits = limits
    this.#now = now
    this.#random = random
    this.#nextSlot = now() - this.#capacityMs
  }

  /** Milliseconds until this key's next try; counts as one failure of it. */
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
