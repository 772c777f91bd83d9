// Leader election with a Lease: only one of several operators writes, and a frozen one detects the loss before it writes again.
import { backoff } from './backoff.ts'
import { aborted, type Clock, sleep, systemClock } from './clock.ts'
import type { Leadership } from './guarded.ts'
import type { LeadershipMetrics, Report } from './hooks.ts'
import type { LeaseTiming, RecordOptions } from './lease-record.ts'
import { LeaseRecord } from './lease-record.ts'

export type LeaseOptions = RecordOptions & Partial<LeaseTiming> & { report: Report; random?: () => number; metrics?: LeadershipMetrics }

export type Leading = {
  /** Called when this process becomes the leader; the signal is aborted when its leadership ends. May run until then. */
  onStarted: (signal: AbortSignal) => Promise<void> | void
  /** Called when leadership was lost or released and `onStarted` has returned. */
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

  /** Whether the lease was renewed recently enough that no other process can hold it. Cheap; call before every write. */
  stillLeading(): boolean {
    return this.#record.isOurs()
  }

  /** The last known holder of the lease. */
  get leader(): string | undefined {
    return this.#record.holder
  }

  /** Takes part in the election until the signal is aborted; then waits for the work to end, releases the lease and returns. */
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

  /** Returns whether this process holds the lease; errors are reported and count as no. */
  async #tryToHold(signal?: AbortSignal): Promise<boolean> {
    try {
      return await this.#record.hold(signal)
    } catch (error) {
      if (!signal?.aborted) this.#options.report(`lease ${this.#options.name}`, error)
      return false
    }
  }

  /** Renews the lease until it is lost or the signal is aborted and the work has ended. */
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

  /** Releases the lease, so that others need not wait for its expiry. A failure is only reported. */
  async #release(): Promise<void> {
    const { name, report } = this.#options
    await this.#record.release().catch((error: unknown) => report(`lease ${name}`, error))
  }

  /** Returns when the signal is aborted or the lease is lost. */
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
