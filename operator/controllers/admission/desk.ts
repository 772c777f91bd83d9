// The one place where runs are admitted: knows every run that has not ended, and remembers whom it admitted until the cache shows it.
// Everything here happens between two awaits, so two workers of the queue never both get the last place.
import type { Concurrency } from '../../../crds/defaults.ts'
import type { KeptRun } from '../../kept.ts'
import { createdAt, hasEnded, hasStarted, pipelineKey } from '../run-state.ts'
import { type Admission, decideAdmissions } from './decide.ts'

export type DeskOptions = {
  maxActiveRuns: number
  /** By key of the Pipeline; undefined if there is none. */
  concurrency: (pipeline: string) => Concurrency | undefined
  /** Whether a run that does not say so has a Job already: an operator ended before it could write that down. */
  hasJob: (key: string, uid: string) => boolean
  /** Called for runs about which something else is decided than before. */
  wake: (key: string) => void
}

type Entry = { key: string; uid: string; pipeline: string; createdAt: number; cancelled: boolean; active: boolean; told: string }

export class AdmissionDesk {
  readonly #options: DeskOptions
  readonly #entries = new Map<string, Entry>()
  /** Those neither active nor cancelled; sorted when it is decided. */
  #waiting: Entry[] = []
  #active = new Map<string, string[]>()
  #decisions = new Map<string, Admission>()
  #stale = true
  #open = false
  #passing = false

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** Takes note of a run as the cache has it now. */
  see(key: string, run: KeptRun | undefined): void {
    const entry = this.#entries.get(key)
    if (run === undefined || hasEnded(run) || (entry !== undefined && entry.uid !== run.metadata.uid)) this.#remove(key)
    if (run === undefined || hasEnded(run)) return
    const known = this.#entries.get(key) ?? this.#enter(key, run)
    const gone = run.spec.cancel === true || run.metadata.deletionTimestamp !== undefined
    if (!known.active && hasStarted(run)) this.#activate(known)
    else if (gone && !known.cancelled) this.#drop(known)
    known.cancelled = gone
  }

  /** What is to become of a run that has not started. Undefined: nothing, it is not waiting. */
  ask(key: string): Admission | undefined {
    this.#open = true
    if (this.#stale) this.#decide()
    return this.#entries.get(key)?.active ? { kind: 'Admit' } : this.#decisions.get(key)
  }

  /** Something else changed that admission depends on: a Pipeline, or a Job. */
  reconsider(): void {
    this.#stale = true
    if (!this.#open || this.#passing) return
    this.#passing = true
    queueMicrotask(() => {
      this.#passing = false
      if (this.#stale) this.#decide()
    })
  }

  #enter(key: string, run: KeptRun): Entry {
    const entry = { key, uid: run.metadata.uid, pipeline: pipelineKey(run), createdAt: createdAt(run), cancelled: false, active: false, told: '' }
    this.#entries.set(key, entry)
    this.#waiting.push(entry)
    this.reconsider()
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

  /** A waiting run that nobody wants any more. */
  #drop(entry: Entry): void {
    entry.cancelled = true
    this.#decisions.delete(entry.key)
    this.reconsider()
  }

  #activate(entry: Entry): void {
    entry.active = true
    this.#active.set(entry.pipeline, [...(this.#active.get(entry.pipeline) ?? []), entry.key])
    this.reconsider()
  }

  #decide(): void {
    this.#settleWaiting()
    this.#stale = false
    const { maxActiveRuns, concurrency } = this.#options
    this.#decisions = decideAdmissions({ waiting: this.#waiting, active: this.#active, maxActiveRuns, concurrency })
    for (const [key, decision] of this.#decisions) {
      const entry = this.#entries.get(key)
      if (entry === undefined) continue
      if (decision.kind === 'Admit') this.#activate(entry)
      const told = wordsOf(decision)
      // A run that is new to the desk is on its way to ask by itself.
      if (entry.told !== '' && told !== entry.told) this.#options.wake(key)
      entry.told = told
    }
    this.#stale = false
  }

  /** Leaves those that wait, oldest first. The list is nearly in order already, which makes sorting it cheap. */
  #settleWaiting(): void {
    for (const entry of this.#waiting) if (!entry.active && !entry.cancelled && this.#options.hasJob(entry.key, entry.uid)) this.#activate(entry)
    this.#waiting = this.#waiting.filter(({ active, cancelled }) => !active && !cancelled)
    this.#waiting.sort((one, other) => one.createdAt - other.createdAt || (one.key < other.key ? -1 : 1))
  }
}

function wordsOf(decision: Admission): string {
  if (decision.kind === 'Wait') return `Wait ${decision.for}`
  return decision.kind === 'Replace' ? `Replace ${decision.active.join()}` : decision.kind
}
