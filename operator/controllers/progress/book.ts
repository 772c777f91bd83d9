// The latest progress of runs, in memory: written by the progress controller, read by the run controller for the statuses.
import type { RunRecords, RunSlices } from '../../../crds/status.ts'

/** The progress of an active run. */
export type LiveProgress = { records?: RunRecords; slices?: RunSlices; throughput?: number }

type Known = { uid: string | undefined; progress: LiveProgress }

export class ProgressBook {
  readonly #known = new Map<string, Known>()
  #onNews: (run: string) => void = () => {}

  /** `listener` is called for each run (`namespace/name`) whose status should show its progress. */
  onNews(listener: (run: string) => void): void {
    this.#onNews = listener
  }

  latest(run: string): LiveProgress | undefined {
    return this.#known.get(run)?.progress
  }

  /** Like `latest`, but undefined if the progress is of an earlier run of that name. */
  latestOf(run: string, uid: string | undefined): LiveProgress | undefined {
    const known = this.#known.get(run)
    return known !== undefined && known.uid === uid ? known.progress : undefined
  }

  note(run: string, uid: string | undefined, progress: LiveProgress): void {
    this.#known.set(run, { uid, progress })
  }

  announce(run: string): void {
    this.#onNews(run)
  }

  forgetAllBut(runs: ReadonlySet<string>): void {
    for (const run of [...this.#known.keys()]) if (!runs.has(run)) this.#known.delete(run)
  }
}
