// Waits for something on the cluster, bounded; used by all suites here.
import { setTimeout as sleep } from 'node:timers/promises'

export type Waiting = { what: string | (() => string); seconds: number; pollMs?: number }

/** The first value of `probe` that is not undefined. Throws, saying what did not come, when the time is over. */
export async function until<T>(probe: () => Promise<T | undefined>, { what, seconds, pollMs = 300 }: Waiting): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const value = await probe()
    if (value !== undefined) return value
    if (performance.now() > end) throw new Error(`waited ${seconds} s for ${typeof what === 'string' ? what : what()}`)
    await sleep(pollMs)
  }
}
