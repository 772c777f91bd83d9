// Caches the next tick of each schedule, because the search can take 100 ms: `0 0 30 2 *` never ticks. Called by pipeline-status.ts.
import { type CronSchedule, tickAfter } from '../schedule/ticks.ts'

type Known = { schedule: string; next: number | undefined; until: number }

/** How long to cache that a schedule has no next tick. */
const noTickTtlMs = 24 * 3_600_000

export class NextTicks {
  readonly #known = new Map<string, Known>()

  /** The first tick of a pipeline's schedule after a moment (milliseconds since 1970). Later calls must not pass an earlier moment. */
  after(pipeline: string, { cron, timeZone }: CronSchedule, moment: number): number | undefined {
    const schedule = `${timeZone} ${cron}`
    const known = this.#known.get(pipeline)
    if (known?.schedule === schedule && moment < known.until) return known.next
    const next = tickAfter({ cron, timeZone }, moment)
    this.#known.set(pipeline, { schedule, next, until: next ?? moment + noTickTtlMs })
    return next
  }

  forget(pipeline: string): void {
    this.#known.delete(pipeline)
  }
}
