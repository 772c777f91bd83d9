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
  /** Whether the Job of an active run has ended, which the run will be told in a moment: it is in nobody's way any more. */
  isOver: (key: string) => boolean
}

export type Admission =
  | { kind: 'Admit' }
  /** `End`: the run before it is over, and only has to be told so. */
  | { kind: 'Wait'; for: 'Pipeline' | 'Cap' | 'End' }
  /** Because of these, or, if there are none, of one that comes first. */
  | { kind: 'Skip'; active: readonly string[] }
  /** Waits until these have stopped, which they are to be asked for. */
  | { kind: 'Replace'; active: readonly string[] }
  /** A newer run takes its place before it has begun. */
  | { kind: 'Replaced'; by: string }
  | { kind: 'NoPipeline' }

/** One answer for each waiting run. */
export function decideAdmissions(state: AdmissionState): Map<string, Admission> {
  const round = new Round(state)
  const newest = newestOf(state.waiting)
  return new Map(state.waiting.map((run) => [run.key, round.decide(run, newest.get(run.pipeline))]))
}

/**
 * The places there are, and who is in line for them. Runs are decided about in their order, the oldest first; one that comes later
 * can be decided about in the same round, as long as nothing else has changed.
 */
export class Round {
  readonly #active: AdmissionState['active']
  readonly #concurrency: AdmissionState['concurrency']
  readonly #isOver: AdmissionState['isOver']
  /** Pipelines of which an older waiting run comes first. */
  readonly #asked = new Set<string>()
  #free: number

  constructor({ active, maxActiveRuns, concurrency, isOver }: Omit<AdmissionState, 'waiting'>) {
    this.#active = active
    this.#concurrency = concurrency
    this.#isOver = isOver
    this.#free = maxActiveRuns - [...active.values()].reduce((sum, runs) => sum + runs.length, 0)
  }

  /** `newest` is the newest waiting run of the same Pipeline. */
  decide(run: WaitingRun, newest: string | undefined): Admission {
    const concurrency = this.#concurrency(run.pipeline)
    if (concurrency === undefined) return { kind: 'NoPipeline' }
    const active = this.#active.get(run.pipeline) ?? []
    const asked = this.#asked.has(run.pipeline)
    const ahead = active.length > 0 || asked
    const atWork = concurrency === 'Skip' || concurrency === 'Replace' ? active.filter((key) => !this.#isOver(key)) : active
    if (concurrency === 'Skip' && ahead) return asked || atWork.length > 0 ? { kind: 'Skip', active: asked ? [] : atWork } : { kind: 'Wait', for: 'End' }
    if (concurrency === 'Queue' && ahead) return { kind: 'Wait', for: 'Pipeline' }
    if (concurrency === 'Replace' && newest !== undefined && newest !== run.key) return { kind: 'Replaced', by: newest }
    if (concurrency === 'Replace' && active.length > 0) return atWork.length > 0 ? { kind: 'Replace', active: atWork } : { kind: 'Wait', for: 'End' }
    return this.#take(run) ? { kind: 'Admit' } : { kind: 'Wait', for: 'Cap' }
  }

  #take({ pipeline }: WaitingRun): boolean {
    this.#asked.add(pipeline)
    if (this.#free <= 0) return false
    this.#free--
    return true
  }
}

function newestOf(waiting: readonly WaitingRun[]): Map<string, string> {
  return new Map(waiting.map(({ key, pipeline }) => [pipeline, key]))
}
