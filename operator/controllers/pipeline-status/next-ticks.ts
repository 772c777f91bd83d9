// Remembers when each schedule ticks next, because finding it out can take a tenth of a second: `0 0 30 2 *` never does.
import { type Clockwork, tickAfter } from '../schedule/ticks.ts'

type Known = { schedule: string; next: number | undefined; until: number }

const neverLasts = 24 * 3_600_000

export class NextTicks {
  readonly #known = new Map<string, Known>()

  /** The first tick of a pipeline's schedule after a moment (milliseconds since 1970); moments never go back. */
  after(pipeline: string, { cron, timeZone }: Clockwork, moment: number): number | undefined {
    const schedule = `${timeZone} ${cron}`
    const known = this.#known.get(pipeline)
    if (known?.schedule === schedule && moment < known.until) return known.next
    const next = tickAfter({ cron, timeZone }, moment)
    this.#known.set(pipeline, { schedule, next, until: next ?? moment + neverLasts })
    return next
  }

  forget(pipeline: string): void {
    this.#known.delete(pipeline)
  }
}
