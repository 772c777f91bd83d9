// Delays between retries of long-running work: a reflector's watch, the acquisition of a lease.

export type Backoff = { next(): number; reset(): void }

/** Doubles from `initialMs` to `maxMs`; half of each delay is random, so that many clients do not retry at the same time. */
export function backoff(initialMs: number, maxMs: number, random: () => number): Backoff {
  let step = initialMs
  return {
    next: () => {
      const wait = step * (0.5 + random() / 2)
      step = Math.min(step * 2, maxMs)
      return wait
    },
    reset: () => {
      step = initialMs
    },
  }
}
