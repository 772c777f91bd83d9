// Which of the waiting runs may start: each Pipeline's concurrency first, then the operator's cap, the oldest first over all.
// Pure; one call decides about all of them, so that no two take the same place. The desk calls it.
import type { Concurrency } from '../../../crds/defaults.ts'

export type WaitingRun = { key: string; pipeline: string }

export type AdmissionState = {
  /** Oldest first. */
  waiting: readonly WaitingRun[]
  /** Runs that hold a place, by Pipeline. */
  active: ReadonlyMap<string, readonly string[]>
  maxActiveRuns: number
  /** Undefined: there is no such Pipeline. */
  concurrency: (pipeline: string) => Concurrency | undefined
}

export type Admission =
  | { kind: 'Admit' }
  | { kind: 'Wait'; for: 'Pipeline' | 'Cap' }
  | { kind: 'Skip' }
  /** Waits until these have stopped, which they are to be asked for. */
  | { kind: 'Replace'; active: readonly string[] }
  /** A newer run takes its place before it has begun. */
  | { kind: 'Replaced'; by: string }
  | { kind: 'NoPipeline' }

/** One answer for each waiting run. */
export function decideAdmissions(state: AdmissionState): Map<string, Admission> {
  const newest = newestOf(state.waiting)
  const places = new Places(state)
  const decisions = new Map<string, Admission>()
  for (const run of state.waiting) decisions.set(run.key, decide(run, state.concurrency(run.pipeline), newest, places))
  return decisions
}

function decide(run: WaitingRun, concurrency: Concurrency | undefined, newest: ReadonlyMap<string, string>, places: Places): Admission {
  if (concurrency === undefined) return { kind: 'NoPipeline' }
  const ahead = places.ahead(run.pipeline)
  if (concurrency === 'Skip' && ahead) return { kind: 'Skip' }
  if (concurrency === 'Queue' && ahead) return { kind: 'Wait', for: 'Pipeline' }
  if (concurrency === 'Replace') {
    const by = newest.get(run.pipeline)
    if (by !== undefined && by !== run.key) return { kind: 'Replaced', by }
    const active = places.active(run.pipeline)
    if (active.length > 0) return { kind: 'Replace', active }
  }
  return places.take(run) ? { kind: 'Admit' } : { kind: 'Wait', for: 'Cap' }
}

function newestOf(waiting: readonly WaitingRun[]): Map<string, string> {
  return new Map(waiting.map(({ key, pipeline }) => [pipeline, key]))
}

/** The places there are, and who is in line for them. */
class Places {
  readonly #active: ReadonlyMap<string, readonly string[]>
  /** Pipelines of which an older waiting run comes first. */
  readonly #asked = new Set<string>()
  #free: number

  constructor({ active, maxActiveRuns }: AdmissionState) {
    this.#active = active
    this.#free = maxActiveRuns - [...active.values()].reduce((sum, runs) => sum + runs.length, 0)
  }

  active(pipeline: string): readonly string[] {
    return this.#active.get(pipeline) ?? []
  }

  /** Whether another run of the Pipeline is at work or comes first. */
  ahead(pipeline: string): boolean {
    return this.active(pipeline).length > 0 || this.#asked.has(pipeline)
  }

  take({ pipeline }: WaitingRun): boolean {
    this.#asked.add(pipeline)
    if (this.#free <= 0) return false
    this.#free--
    return true
  }
}
