// How long to wait before trying again when something that should always run has failed: a reflector's watch, a lease.

export type Backoff = { next(): number; reset(): void }

/** Doubles from `initialMs` to `maxMs`; half of each wait is random, so that many clients do not come back together. */
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
