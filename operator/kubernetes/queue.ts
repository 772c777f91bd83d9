// Keys that wait for a controller: each at most once, and never worked on by two workers at the same time.
import { type Clock, systemClock } from './clock.ts'
import type { QueueMetrics } from './hooks.ts'
import { defaultLimits, RateLimiter, type RateLimits } from './rate-limits.ts'

export type QueueOptions = { name: string; clock?: Clock; random?: () => number; limits?: Partial<RateLimits>; metrics?: QueueMetrics }

export class WorkQueue {
  readonly name: string
  readonly #clock: Clock
  readonly #metrics: QueueMetrics | undefined
  readonly #limiter: RateLimiter
  /** Ready keys in their order, and when they came. */
  readonly #ready = new Map<string, number>()
  /** Keys being worked on, and since when. */
  readonly #taken = new Map<string, number>()
  /** Keys being worked on that were added meanwhile. */
  readonly #again = new Set<string>()
  readonly #later = new Map<string, { at: number; cancel: () => void }>()
  readonly #takers: ((key: string | undefined) => void)[] = []
  readonly #idle: (() => void)[] = []
  #closed = false

  constructor({ name, clock = systemClock, random = Math.random, limits, metrics }: QueueOptions) {
    this.name = name
    this.#clock = clock
    this.#metrics = metrics
    this.#limiter = new RateLimiter({ ...defaultLimits, ...limits }, () => clock.monotonic(), random)
  }

  /** Keys that are ready and not taken. */
  get depth(): number {
    return this.#ready.size
  }

  /** Enqueues a key. One that waits already stays where it is; one being worked on comes again when that is done. */
  add(key: string): void {
    if (this.#closed || this.#ready.has(key) || this.#again.has(key)) return
    this.#metrics?.added(this.name)
    if (this.#taken.has(key)) this.#again.add(key)
    else this.#makeReady(key)
  }

  /** Enqueues a key later; of several times the earliest counts. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#closed) return
    if (milliseconds > 0) this.#plan(key, milliseconds)
    else this.add(key)
  }

  /** Enqueues a key that failed: later each time, until it is forgotten. */
  addRateLimited(key: string): void {
    this.#metrics?.retried(this.name)
    this.addAfter(key, this.#limiter.delay(key))
  }

  /** The key is well again: its next failure counts as the first. */
  forget(key: string): void {
    this.#limiter.forget(key)
  }

  /** How often a key failed since it was forgotten. */
  retries(key: string): number {
    return this.#limiter.failures(key)
  }

  /** The next key; waits for one. Undefined when the queue is shut down. The caller must say `done`. */
  async take(): Promise<string | undefined> {
    if (this.#closed) return undefined
    for (const key of this.#ready.keys()) {
      this.#hand(key)
      return key
    }
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  done(key: string): void {
    const since = this.#taken.get(key)
    if (since === undefined) return
    this.#taken.delete(key)
    this.#metrics?.worked(this.name, this.#secondsSince(since))
    if (this.#again.delete(key) && !this.#closed) this.#makeReady(key)
    if (this.#taken.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Nothing more is handed out; resolved when all that was taken is done. */
  async shutdown(): Promise<void> {
    this.#closed = true
    for (const { cancel } of this.#later.values()) cancel()
    this.#later.clear()
    this.#ready.clear()
    this.#metrics?.depth(this.name, 0)
    for (const resolve of this.#takers.splice(0)) resolve(undefined)
    if (this.#taken.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #plan(key: string, milliseconds: number): void {
    const at = this.#clock.monotonic() + milliseconds
    const planned = this.#later.get(key)
    if (planned !== undefined && planned.at <= at) return
    planned?.cancel()
    const cancel = this.#clock.after(Math.min(milliseconds, longestTimerMs), () => {
      this.#later.delete(key)
      this.addAfter(key, at - this.#clock.monotonic())
    })
    this.#later.set(key, { at, cancel })
  }

  #makeReady(key: string): void {
    this.#ready.set(key, this.#clock.monotonic())
    this.#metrics?.depth(this.name, this.#ready.size)
    const taker = this.#takers.shift()
    if (taker === undefined) return
    this.#hand(key)
    taker(key)
  }

  #hand(key: string): void {
    const since = this.#ready.get(key) ?? 0
    this.#ready.delete(key)
    this.#taken.set(key, this.#clock.monotonic())
    this.#metrics?.waited(this.name, this.#secondsSince(since))
    this.#metrics?.depth(this.name, this.#ready.size)
  }

  #secondsSince(moment: number): number {
    return (this.#clock.monotonic() - moment) / 1000
  }
}

/** Timers of Node hold no more than 2^31 - 1 milliseconds, which a schedule can exceed. */
const longestTimerMs = 2 ** 31 - 1
