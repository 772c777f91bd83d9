// Which of the waiting runs may start: each Pipeline's concurrency first, then the places that are free, shared between namespaces.
// Pure; one call decides all of them, so that no two take the same place. Called by queue.ts.
import type { Concurrency } from '../../../../crds/defaults.ts'
import { namespaceOf } from '../../../kubernetes/scoped.ts'

export type WaitingRun = { key: string; pipeline: string }

export type AdmissionState = {
  /** Oldest first. */
  waiting: readonly WaitingRun[]
  /** Runs that hold a place, by Pipeline. */
  active: ReadonlyMap<string, readonly string[]>
  maxActiveRuns: number
  /** Most runs of one namespace that may hold a place; undefined: as many as there are. */
  maxActiveRunsPerNamespace?: number | undefined
  /** Undefined: there is no such Pipeline. */
  concurrency: (pipeline: string) => Concurrency | undefined
  /** Whether the Job of an active run has ended; the run's status is not updated yet. Such a run blocks no other. */
  isOver: (key: string) => boolean
}

export type Admission =
  | { kind: 'Admit' }
  /** `End`: the Job of the run before it has ended; that run's status is not updated yet. */
  | { kind: 'Wait'; for: 'Pipeline' | 'Cap' | 'NamespaceCap' | 'End' }
  /** Because of these, or, if there are none, of one that comes first. */
  | { kind: 'Skip'; active: readonly string[] }
  /** Waits for these runs to stop; they are asked to. */
  | { kind: 'Replace'; active: readonly string[] }
  /** A newer run takes its place before it has begun. */
  | { kind: 'Replaced'; by: string }
  | { kind: 'NoPipeline' }

/**
 * The places there are, and who is in line for them. Runs that come later can be decided in the same round, as long as nothing else
 * has changed.
 */
export class Round {
  readonly #state: Omit<AdmissionState, 'waiting'>
  /** Pipelines of which an older waiting run comes first. */
  readonly #asked = new Set<string>()
  /** Places held, by namespace. */
  readonly #held = new Map<string, number>()
  #free: number

  constructor(state: Omit<AdmissionState, 'waiting'>) {
    this.#state = state
    this.#free = state.maxActiveRuns
    for (const [pipeline, runs] of state.active) for (const _ of runs) this.#hold(namespaceOf(pipeline))
  }

  /** `waiting` is oldest first; `newest` are the newest waiting runs by Pipeline. */
  decide(waiting: readonly WaitingRun[], newest: ReadonlyMap<string, string>): Map<string, Admission> {
    const decisions = new Map<string, Admission>()
    const inLine = new Map<string, WaitingRun[]>()
    for (const run of waiting) {
      const decision = this.#turn(run, newest.get(run.pipeline))
      decisions.set(run.key, decision ?? { kind: 'Wait', for: 'Cap' })
      if (decision === undefined) lineOf(inLine, namespaceOf(run.pipeline)).push(run)
    }
    this.#share(inLine, decisions)
    return decisions
  }

  /** What the Pipeline's concurrency says; undefined: the run only needs a place. */
  #turn(run: WaitingRun, newest: string | undefined): Admission | undefined {
    const { concurrency: concurrencyOf, active: all, isOver } = this.#state
    const concurrency = concurrencyOf(run.pipeline)
    if (concurrency === undefined) return { kind: 'NoPipeline' }
    const active = all.get(run.pipeline) ?? []
    const asked = this.#asked.has(run.pipeline)
    const ahead = active.length > 0 || asked
    const atWork = concurrency === 'Skip' || concurrency === 'Replace' ? active.filter((key) => !isOver(key)) : active
    if (concurrency === 'Skip' && ahead) return asked || atWork.length > 0 ? { kind: 'Skip', active: asked ? [] : atWork } : { kind: 'Wait', for: 'End' }
    if (concurrency === 'Queue' && ahead) return { kind: 'Wait', for: 'Pipeline' }
    if (concurrency === 'Replace' && newest !== undefined && newest !== run.key) return { kind: 'Replaced', by: newest }
    if (concurrency === 'Replace' && active.length > 0) return atWork.length > 0 ? { kind: 'Replace', active: atWork } : { kind: 'Wait', for: 'End' }
    this.#asked.add(run.pipeline)
    return undefined
  }

  /** Each free place goes to the namespace that holds the fewest; among equals to the oldest run. Within a namespace the oldest is first. */
  #share(inLine: ReadonlyMap<string, WaitingRun[]>, decisions: Map<string, Admission>): void {
    const { maxActiveRunsPerNamespace: most = Number.POSITIVE_INFINITY } = this.#state
    // In the order of their oldest runs.
    const lines = [...inLine].map(([namespace, runs]) => ({ namespace, runs, next: 0 }))
    while (this.#free > 0) {
      const open = lines.filter(({ namespace, runs, next }) => next < runs.length && this.#heldBy(namespace) < most)
      const [first, ...others] = open
      if (first === undefined) break
      const line = others.reduce((best, one) => (this.#heldBy(one.namespace) < this.#heldBy(best.namespace) ? one : best), first)
      decisions.set((line.runs[line.next++] as WaitingRun).key, { kind: 'Admit' })
      this.#hold(line.namespace)
    }
    for (const { namespace, runs, next } of lines) {
      if (this.#heldBy(namespace) >= most) for (const { key } of runs.slice(next)) decisions.set(key, { kind: 'Wait', for: 'NamespaceCap' })
    }
  }

  #hold(namespace: string): void {
    this.#free--
    this.#held.set(namespace, this.#heldBy(namespace) + 1)
  }

  #heldBy(namespace: string): number {
    return this.#held.get(namespace) ?? 0
  }
}

function lineOf(lines: Map<string, WaitingRun[]>, namespace: string): WaitingRun[] {
  const line = lines.get(namespace) ?? []
  lines.set(namespace, line)
  return line
}
