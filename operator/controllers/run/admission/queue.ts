// The admission queue: tracks every run that has not ended, and counts an admitted run as active before the cache shows that it started.
// Decisions are synchronous, so two reconcile workers never both get the last slot. Called by run.ts.
import type { Concurrency } from '../../../../crds/defaults.ts'
import { type CachedRun, createdAt, hasEnded, hasStarted, isDeclared, pipelineKey } from '../../../cache/runs.ts'
import { type Admission, Round } from './decide.ts'

export type AdmissionOptions = {
  maxActiveRuns: number
  maxActiveRunsPerNamespace?: number | undefined
  /** Takes the key of a Pipeline; returns undefined if there is no such Pipeline. */
  concurrency: (pipeline: string) => Concurrency | undefined
  /** Whether the Job of an active run has ended. */
  isOver: (key: string) => boolean
  /** Called for each run whose decision has changed. */
  wake: (key: string) => void
}

type Entry = { key: string; uid: string; pipeline: string; createdAt: number; cancelled: boolean; active: boolean; lastDecision: string }

export class AdmissionQueue {
  readonly #options: AdmissionOptions
  readonly #entries = new Map<string, Entry>()
  /** Entries neither active nor cancelled. Sorted when all are decided. */
  #waiting: Entry[] = []
  /** New entries without a decision. */
  #arrived: Entry[] = []
  readonly #active = new Map<string, string[]>()
  readonly #decisions = new Map<string, Admission>()
  #round: Round
  #stale = true
  #open = false
  #passing = false

  constructor(options: AdmissionOptions) {
    this.#options = options
    this.#round = this.#newRound()
  }

  /** Updates the entry of a run from the cache. */
  see(key: string, run: CachedRun | undefined): void {
    const entry = this.#entries.get(key)
    if (run === undefined || hasEnded(run) || (entry !== undefined && entry.uid !== run.metadata.uid)) this.#remove(key)
    if (run === undefined || hasEnded(run)) return
    const known = this.#entries.get(key) ?? this.#enter(key, run)
    const gone = run.spec.cancel === true || run.metadata.deletionTimestamp !== undefined
    if (!known.active && (hasStarted(run) || isDeclared(run))) this.#activate(known)
    else if (gone && !known.cancelled) this.#drop(known)
    known.cancelled = gone
  }

  /** The decision for a run that has not started; undefined if the run is not waiting. */
  ask(key: string): Admission | undefined {
    this.#open = true
    this.#decide()
    return this.#entries.get(key)?.active ? { kind: 'Admit' } : this.#decisions.get(key)
  }

  /** Call when a Pipeline or a Job has changed. */
  reconsider(): void {
    this.#stale = true
    this.#decideSoon()
  }

  #decideSoon(): void {
    if (!this.#open || this.#passing) return
    this.#passing = true
    queueMicrotask(() => {
      this.#passing = false
      this.#decide()
    })
  }

  #enter(key: string, run: CachedRun): Entry {
    const entry = { key, uid: run.metadata.uid, pipeline: pipelineKey(run), createdAt: createdAt(run), cancelled: false, active: false, lastDecision: '' }
    this.#entries.set(key, entry)
    this.#arrived.push(entry)
    this.#decideSoon()
    return entry
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#decisions.delete(key)
    const others = (this.#active.get(entry.pipeline) ?? []).filter((other) => other !== key)
    if (others.length > 0) this.#active.set(entry.pipeline, others)
    else this.#active.delete(entry.pipeline)
    entry.cancelled = true
    this.reconsider()
  }

  /** For a waiting run that was cancelled or is being deleted. */
  #drop(entry: Entry): void {
    entry.cancelled = true
    this.#decisions.delete(entry.key)
    this.reconsider()
  }

  #activate(entry: Entry): void {
    this.#take(entry)
    this.reconsider()
  }

  /** Marks the entry as active. The current round has already counted its slot, so the decisions stay valid. */
  #take(entry: Entry): void {
    entry.active = true
    this.#active.set(entry.pipeline, [...(this.#active.get(entry.pipeline) ?? []), entry.key])
  }

  /** Decides every waiting run after a change, otherwise only new arrivals; this keeps bursts linear. */
  #decide(): void {
    const arrived = this.#arrived.sort(byAge)
    this.#arrived = []
    const first = arrived[0]
    const last = this.#waiting.at(-1)
    const inOrder = first === undefined || last === undefined || byAge(last, first) < 0
    if (!this.#stale && inOrder && arrived.every((entry) => this.#mayComeLater(entry))) {
      this.#waiting.push(...arrived)
      this.#decideAbout(arrived, new Map())
      return
    }
    this.#waiting = this.#settled([...this.#waiting, ...arrived])
    this.#round = this.#newRound()
    this.#stale = false
    this.#decideAbout(this.#waiting, new Map(this.#waiting.map(({ key, pipeline }) => [pipeline, key])))
  }

  #newRound(): Round {
    return new Round({ ...this.#options, active: this.#active })
  }

  /** Whether appending the run leaves the decisions for earlier runs unchanged. */
  #mayComeLater({ pipeline, active, cancelled }: Entry): boolean {
    return !active && !cancelled && this.#options.concurrency(pipeline) !== 'Replace'
  }

  #decideAbout(entries: readonly Entry[], newest: ReadonlyMap<string, string>): void {
    const admitted: Entry[] = []
    const decisions = this.#round.decide(entries, newest)
    for (const entry of entries) {
      const decision = decisions.get(entry.key) as Admission
      this.#decisions.set(entry.key, decision)
      if (decision.kind === 'Admit') admitted.push(entry)
      const described = describe(decision)
      // A new entry is reconciled anyway.
      if (entry.lastDecision !== '' && described !== entry.lastDecision) this.#options.wake(entry.key)
      entry.lastDecision = described
    }
    for (const entry of admitted) this.#take(entry)
  }

  /** The waiting entries, oldest first. The list is nearly sorted already, so sorting is cheap. */
  #settled(entries: Entry[]): Entry[] {
    return entries.filter(({ active, cancelled }) => !active && !cancelled).sort(byAge)
  }
}

function byAge(one: Entry, other: Entry): number {
  return one.createdAt - other.createdAt || (one.key < other.key ? -1 : 1)
}

function describe(decision: Admission): string {
  if (decision.kind === 'Wait') return `Wait ${decision.for}`
  return decision.kind === 'Replace' ? `Replace ${decision.active.join()}` : decision.kind
}
