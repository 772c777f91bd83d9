// Leader election by a Lease: of several operators one works, and one that was frozen knows it before it writes again.
import { backoff } from './backoff.ts'
import { aborted, type Clock, sleep, systemClock } from './clock.ts'
import type { Leadership } from './guarded.ts'
import type { LeadershipMetrics, Report } from './hooks.ts'
import type { LeaseTiming, RecordOptions } from './lease-record.ts'
import { LeaseRecord } from './lease-record.ts'

export type LeaseOptions = RecordOptions & Partial<LeaseTiming> & { report: Report; random?: () => number; metrics?: LeadershipMetrics }

export type Leading = {
  /** Called when this process becomes the leader; the signal is aborted when that ends. May run as long as it leads. */
  onStarted: (signal: AbortSignal) => Promise<void> | void
  /** Called after leadership was lost or given up and `onStarted` has returned. */
  onStopped?: () => void
}

export class LeaderElection implements Leadership {
  readonly #options: LeaseOptions
  readonly #timing: LeaseTiming
  readonly #clock: Clock
  readonly #record: LeaseRecord

  constructor(options: LeaseOptions) {
    const { leaseMs = 15_000, renewDeadlineMs = (leaseMs * 2) / 3, retryMs = (leaseMs * 2) / 15 } = options
    if (renewDeadlineMs >= leaseMs || retryMs >= renewDeadlineMs) throw new RangeError('a lease needs retryMs < renewDeadlineMs < leaseMs')
    this.#options = options
    this.#timing = { leaseMs, renewDeadlineMs, retryMs }
    this.#clock = options.clock ?? systemClock
    this.#record = new LeaseRecord(options, this.#timing)
  }

  /** Whether the lease was renewed recently enough that nobody else can hold it. Cheap; ask before every write. */
  stillLeading(): boolean {
    return this.#record.isOurs()
  }

  /** Who holds the lease, as far as known. */
  get leader(): string | undefined {
    return this.#record.holder
  }

  /** Takes part until the signal is aborted; then lets the work end, gives the lease back and returns. */
  async run(leading: Leading, signal: AbortSignal): Promise<void> {
    const { random = Math.random } = this.#options
    this.#options.metrics?.leading(this.#options.name, false)
    while (!signal.aborted) {
      const pause = backoff(this.#timing.retryMs, this.#timing.retryMs, random)
      while (!signal.aborted && !(await this.#tryToHold(signal))) await sleep(this.#clock, pause.next(), signal)
      if (signal.aborted) await this.#release()
      else await this.#lead(leading, signal)
    }
  }

  /** Whether it is held now; that it could not be asked or written is reported and means no. */
  async #tryToHold(signal?: AbortSignal): Promise<boolean> {
    try {
      return await this.#record.hold(signal)
    } catch (error) {
      if (!signal?.aborted) this.#options.report(`lease ${this.#options.name}`, error)
      return false
    }
  }

  /** Renews for as long as it can and is wanted, also while the work is ending. */
  async #lead({ onStarted, onStopped }: Leading, signal: AbortSignal): Promise<void> {
    const { name, metrics, report } = this.#options
    const work = new AbortController()
    const over = new AbortController()
    const stop = () => work.abort()
    signal.addEventListener('abort', stop)
    metrics?.leading(name, true)
    const working = (async () => onStarted(work.signal))()
      .catch((error: unknown) => {
        report(`leader ${name}`, error)
        stop()
      })
      .then(() => aborted(work.signal))
      .then(() => over.abort())
    await this.#renewUntil(over.signal)
    stop()
    metrics?.leading(name, false)
    await working
    signal.removeEventListener('abort', stop)
    await this.#release()
    onStopped?.()
  }

  /** Others need not wait until it runs out; if that fails they do. */
  async #release(): Promise<void> {
    const { name, report } = this.#options
    await this.#record.release().catch((error: unknown) => report(`lease ${name}`, error))
  }

  /** Returns when told to, and when the lease is lost. */
  async #renewUntil(over: AbortSignal): Promise<void> {
    while (!over.aborted && this.stillLeading()) {
      await sleep(this.#clock, Math.min(this.#timing.retryMs, this.#record.remainingMs()), over)
      if (over.aborted || !this.stillLeading()) return
      const lost = new AbortController()
      const cancel = this.#clock.after(this.#record.remainingMs(), () => lost.abort())
      await this.#tryToHold(lost.signal)
      cancel()
    }
  }
}
