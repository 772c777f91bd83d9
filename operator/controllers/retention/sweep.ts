// Looks for what is due to be deleted, every ten minutes and not all at once. Runs while this process leads.
import { type Clock, sleep } from '../../kubernetes/clock.ts'

export type SweepOptions = {
  clock: Clock
  random: () => number
  /** Keys that are due. */
  due: () => Iterable<string>
  /** Enqueues a key for later. */
  addAfter: (key: string, milliseconds: number) => void
  everyMs?: number
}

const tenMinutes = 600_000

/** The first sweep comes soon after the start; what is due is then spread over half the time until the next. */
export async function sweep({ clock, random, due, addAfter, everyMs = tenMinutes }: SweepOptions, signal: AbortSignal): Promise<void> {
  await sleep(clock, everyMs * 0.1 * random(), signal)
  while (!signal.aborted) {
    for (const key of due()) addAfter(key, everyMs * 0.5 * random())
    await sleep(clock, everyMs * (0.9 + 0.2 * random()), signal)
  }
}
