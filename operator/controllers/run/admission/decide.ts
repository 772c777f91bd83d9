// Decides which waiting runs may start: applies each Pipeline's concurrency, then shares the free slots between namespaces. Pure. One call
// decides all runs, so that no two take the same slot. Called by queue.ts.
import type { Concurrency } from '../../../../crds/defaults.ts'
import { namespaceOf } from '../../../kubernetes/scoped.ts'

export type WaitingRun = { key: string; pipeline: string }

export type AdmissionState = {
  /** Oldest first. */
  waiting: readonly WaitingRun[]
  /** Runs that hold a slot, by Pipeline. */
  active: ReadonlyMap<string, readonly string[]>
  maxActiveRuns: number
  /** Maximum number of slots for one namespace; undefined: unlimited. */
  maxActiveRunsPerNamespace?: number | undefined
  /** Returns undefined if there is no such Pipeline. */
  concurrency: (pipeline: string) => Concurrency | undefined
  /** Whether the Job of an active run has ended; the run's status is not updated yet. Such a run blocks no other. */
  isOver: (key: string) => boolean
}

export type Admission =
  | { kind: 'Admit' }
  /** `End`: the blocking run's Job has ended; its status is not updated yet. */
  | { kind: 'Wait'; for: 'Pipeline' | 'Cap' | 'NamespaceCap' | 'End' }
  /** Because of these active runs; if empty, because of an older waiting run. */
  | { kind: 'Skip'; active: readonly string[] }
  /** Waits for these active runs, which are asked to stop. */
  | { kind: 'Replace'; active: readonly string[] }
  /** Superseded by a newer waiting run. */
  | { kind: 'Replaced'; by: string }
  | { kind: 'NoPipeline' }

/** Tracks the free slots. Runs that arrive later can be decided in the same round, as long as nothing else has changed. */
export class Round {
  readonly #state: Omit<AdmissionState, 'waiting'>
  /** Pipelines that have an older waiting run. */
  readonly #claimed = new Set<string>()
  /** Slots held, by namespace. */
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
      const decision = this.#byConcurrency(run, newest.get(run.pipeline))
      decisions.set(run.key, decision ?? { kind: 'Wait', for: 'Cap' })
      if (decision === undefined) lineOf(inLine, namespaceOf(run.pipeline)).push(run)
    }
    this.#share(inLine, decisions)
    return decisions
  }

  /** Applies the Pipeline's concurrency; undefined: the run only needs a slot. */
  #byConcurrency(run: WaitingRun, newest: string | undefined): Admission | undefined {
    const { concurrency: concurrencyOf, active: all, isOver } = this.#state
    const concurrency = concurrencyOf(run.pipeline)
    if (concurrency === undefined) return { kind: 'NoPipeline' }
    const active = all.get(run.pipeline) ?? []
    const claimed = this.#claimed.has(run.pipeline)
    const ahead = active.length > 0 || claimed
    const unfinished = concurrency === 'Skip' || concurrency === 'Replace' ? active.filter((key) => !isOver(key)) : active
    if (concurrency === 'Skip' && ahead)
      return claimed || unfinished.length > 0 ? { kind: 'Skip', active: claimed ? [] : unfinished } : { kind: 'Wait', for: 'End' }
    if (concurrency === 'Queue' && ahead) return { kind: 'Wait', for: 'Pipeline' }
    if (concurrency === 'Replace' && newest !== undefined && newest !== run.key) return { kind: 'Replaced', by: newest }
    if (concurrency === 'Replace' && active.length > 0) return unfinished.length > 0 ? { kind: 'Replace', active: unfinished } : { kind: 'Wait', for: 'End' }
    this.#claimed.add(run.pipeline)
    return undefined
  }

  /** Gives each free slot to the namespace that holds the fewest, on a tie to the one with the oldest run; within a namespace, to the oldest run. */
  #share(inLine: ReadonlyMap<string, WaitingRun[]>, decisions: Map<string, Admission>): void {
    const { maxActiveRunsPerNamespace: most = Number.POSITIVE_INFINITY } = this.#state
    // Ordered by their oldest run.
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
