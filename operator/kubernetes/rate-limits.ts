// How soon a key that failed is tried again: later each time, and all of them together not too often.

export type RateLimits = {
  /** Wait after the first failure of a key; doubled at each further one, up to `maxMs`. */
  initialMs: number
  maxMs: number
  /** All keys together: so many retries a second, after a burst. */
  perSecond: number
  burst: number
}

export const defaultLimits: RateLimits = { initialMs: 100, maxMs: 5 * 60_000, perSecond: 20, burst: 100 }
