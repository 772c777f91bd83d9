// Live progress of the runs at work: asks for all of them every two seconds, and wakes the controller of runs for those whose
// status should show something new. Nothing here writes; main.ts starts it while this process leads.
import { isDeepStrictEqual } from 'node:util'
import type { KeptRun } from '../../kept.ts'
import type { Cache } from '../../kubernetes/cache.ts'
import { type Clock, sleep } from '../../kubernetes/clock.ts'
import type { LiveProgress, ProgressBook } from '../ports.ts'
import { decideShow, furthest, type Shown } from './decide.ts'

export interface ProgressSource {
  /** How far these runs are (`namespace/name`); what is not known is missing. Rejects if it cannot be asked. */
  read(runs: readonly string[]): Promise<Map<string, LiveProgress>>
}

export type ProgressOptions = {
  /** The first that answers counts. */
  sources: readonly { name: string; source: ProgressSource }[]
  /** Indexed by `phase`. */
  runs: Pick<Cache<KeptRun>, 'keysByIndex' | 'get'>
  /** Enqueues a run for its controller. */
  wake: (run: string) => void
  /** Told of each source every time it was asked. */
  onAnswer: (source: string, error: unknown | undefined) => void
  clock: Clock
  random: () => number
}

const everyMs = 2_000
/** Runs asked about in one round trip. */
const batchSize = 100

export class Progress implements ProgressBook {
  readonly #options: ProgressOptions
  readonly #latest = new Map<string, LiveProgress & { uid: string | undefined }>()
  readonly #shown = new Map<string, Shown>()

  constructor(options: ProgressOptions) {
    this.#options = options
  }

  latest(run: string): LiveProgress | undefined {
    const { uid: _uid, ...progress } = this.#latest.get(run) ?? { uid: undefined }
    return this.#latest.has(run) ? progress : undefined
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    while (!signal.aborted) {
      await this.look()
      await sleep(clock, everyMs * (0.9 + 0.2 * random()), signal)
    }
  }

  /** One look at all runs at work. */
  async look(): Promise<void> {
    const active = ['Starting', 'Running'].flatMap((phase) => this.#options.runs.keysByIndex('phase', phase))
    this.#forgetAllBut(new Set(active))
    for (let first = 0; first < active.length; first += batchSize) {
      const runs = active.slice(first, first + batchSize)
      const found = await this.#ask(runs)
      for (const [run, progress] of found ?? []) this.#note(run, progress, active.length)
    }
  }

  async #ask(runs: readonly string[]): Promise<Map<string, LiveProgress> | undefined> {
    for (const { name, source } of this.#options.sources) {
      try {
        const found = await source.read(runs)
        this.#options.onAnswer(name, undefined)
        return found
      } catch (error) {
        this.#options.onAnswer(name, error)
      }
    }
    return undefined
  }

  #note(run: string, found: LiveProgress, active: number): void {
    const { clock, random, runs, wake } = this.#options
    const { metadata, status } = runs.get(run) ?? {}
    const progress = this.#furthest(run, metadata?.uid, status, found)
    const started = Date.parse(status?.startTime ?? '')
    const seconds = (clock.now() - started) / 1000
    const throughput = seconds >= 1 && progress.records !== undefined ? Math.round(progress.records.read / seconds) : undefined
    const changed = !isDeepStrictEqual(this.#shown.get(run)?.counts, progress)
    this.#latest.set(run, { ...progress, ...(throughput !== undefined && { throughput }), uid: metadata?.uid })
    const shown = decideShow({ changed, shown: this.#shown.get(run), now: clock.monotonic(), active, random: random() })
    if (shown === undefined) return
    this.#shown.set(run, { ...shown, counts: progress })
    wake(run)
  }

  /** Compared with what this process knew of the same run, or with what its status shows. */
  #furthest(run: string, uid: string | undefined, status: KeptRun['status'], { records, slices }: LiveProgress): LiveProgress {
    const known = this.#latest.get(run)
    const before = known !== undefined && known.uid === uid ? known : status
    const shown = { ...(before?.records && { records: before.records }), ...(before?.slices && { slices: before.slices }) }
    return furthest(shown, { ...(records && { records }), ...(slices && { slices }) })
  }

  #forgetAllBut(active: ReadonlySet<string>): void {
    for (const run of [...this.#latest.keys()]) if (!active.has(run)) this.#latest.delete(run)
    for (const run of [...this.#shown.keys()]) if (!active.has(run)) this.#shown.delete(run)
  }
}
