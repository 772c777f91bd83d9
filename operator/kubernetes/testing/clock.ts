// A clock that tests advance by hand.
import type { Clock } from '../clock.ts'

export type FakeClock = Clock & {
  /** Advances the time, runs due timers, and lets promises settle in between. */
  advance(milliseconds: number): Promise<void>
  /** Advances the time without running timers, as for a stopped process. */
  freeze(milliseconds: number): void
  /** Number of pending timers. */
  readonly planned: number
}

type Timer = { at: number; run: () => void }

export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
  let passed = 0
  const timers = new Set<Timer>()
  const due = (until: number) => [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
  return {
    now: () => start + passed,
    monotonic: () => passed,
    after: (milliseconds, run) => {
      const timer = { at: passed + milliseconds, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance: async (milliseconds) => {
      const until = passed + milliseconds
      await settled()
      for (let next = due(until); next !== undefined; next = due(until)) {
        timers.delete(next)
        passed = Math.max(passed, next.at)
        next.run()
        await settled()
      }
      passed = until
    },
    freeze: (milliseconds) => {
      passed += milliseconds
    },
    get planned() {
      return timers.size
    },
  }
}

/** Long enough for chains of promises without input or output. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
