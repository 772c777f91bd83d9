// The work queue of a controller: each key is queued at most once, and never processed by two workers at the same time.
import { type Clock, systemClock } from './clock.ts'
import type { QueueMetrics } from './hooks.ts'
import { defaultLimits, RateLimiter, type RateLimits } from './rate-limits.ts'

export type QueueOptions = { name: string; clock?: Clock; random?: () => number; limits?: Partial<RateLimits>; metrics?: QueueMetrics }

export class WorkQueue {
  readonly name: string
  readonly #clock: Clock
  readonly #metrics: QueueMetrics | undefined
  readonly #limiter: RateLimiter
  /** Ready keys in order, and when they became ready. */
  readonly #ready = new Map<string, number>()
  /** Keys being processed, and since when. */
  readonly #taken = new Map<string, number>()
  /** Keys that were added while being processed. */
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

  /** Number of ready keys. */
  get depth(): number {
    return this.#ready.size
  }

  /** Enqueues a key. A queued key keeps its position; a key being processed is queued again when done. */
  add(key: string): void {
    if (this.#closed || this.#ready.has(key) || this.#again.has(key)) return
    this.#metrics?.added(this.name)
    if (this.#taken.has(key)) this.#again.add(key)
    else this.#makeReady(key)
  }

  /** Enqueues a key after a delay; of several delays, the earliest applies. */
  addAfter(key: string, milliseconds: number): void {
    if (this.#closed) return
    if (milliseconds > 0) this.#plan(key, milliseconds)
    else this.add(key)
  }

  /** Enqueues a failed key after a delay that grows with each failure until `forget`. */
  addRateLimited(key: string): void {
    this.#metrics?.retried(this.name)
    this.addAfter(key, this.#limiter.delay(key))
  }

  /** Resets the failure count of a key. */
  forget(key: string): void {
    this.#limiter.forget(key)
  }

  /** Number of failures of a key since the last `forget`. */
  retries(key: string): number {
    return this.#limiter.failures(key)
  }

  /** Waits for the next key; undefined when the queue is shut down. The caller must call `done`. */
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

  /** Hands out no more keys; resolves when all keys being processed are done. */
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

/** The longest delay of a Node.js timer; the time until the next tick of a schedule can be longer. */
const longestTimerMs = 2 ** 31 - 1
