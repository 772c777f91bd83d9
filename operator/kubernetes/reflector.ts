// Keeps a cache in sync with the API server by list and watch, across cut connections, expired versions and other failures. Started by
// cache/caches.ts.
import { ApiError, isExpired } from './api-error.ts'
import { type Backoff, backoff } from './backoff.ts'
import type { Cache } from './cache.ts'
import type { KubeClient, Selectors } from './client.ts'
import { type Clock, sleep, systemClock } from './clock.ts'
import type { Report } from './hooks.ts'
import { Mirror } from './mirror.ts'
import type { KubeObject } from './objects.ts'
import type { Resource } from './resources.ts'

export type ReflectorOptions<T extends KubeObject, Kept> = Selectors & {
  client: Pick<KubeClient, 'list' | 'watch'>
  resource: Resource<T>
  /** Converts an object to its cached form. Called for every version. */
  keep: (object: T) => Kept
  /** May be shared by reflectors of different namespaces. */
  cache: Cache<Kept>
  /**
   * Called after the cache changed, once per version of an object. `kept` is undefined after a deletion; `before` is the previous entry. A
   * handler only enqueues keys. At each resync, called for every entry with before === kept.
   */
  onChange: (key: string, kept: Kept | undefined, before: Kept | undefined) => void
  report: Report
  clock?: Clock
  random?: () => number
  pageSize?: number
  resyncMs?: number
}

export interface Reflector {
  /** Resolves when the first list is in the cache; stays pending if the reflector is stopped earlier. */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  stop(): Promise<void>
}

const firstWaitMs = 200
const maxWaitMs = 30_000
/** The API server ends a watch after one to two times this long; random, so that clients do not reconnect at the same time. */
const watchSeconds = 300
/** A watch that ended sooner, without events, counts as failed. */
const shortWatchMs = 1_000
/** List again after this many consecutive failures that an invalid resource version could explain. */
const maxDoubtfulFailures = 3

export function startReflector<T extends KubeObject, Kept>(options: ReflectorOptions<T, Kept>): Reflector {
  return new Reflection(options)
}

class Reflection<T extends KubeObject, Kept> implements Reflector {
  readonly synced: Promise<void>
  readonly #options: ReflectorOptions<T, Kept>
  readonly #mirror: Mirror<T, Kept>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #backoff: Backoff
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>
  #isSynced = false
  #announceSynced: () => void = () => undefined
  /** The cache contains all changes up to this resource version; undefined: a list is needed. */
  #version: string | undefined
  #failures = 0
  #cancelResync: () => void = () => undefined

  constructor(options: ReflectorOptions<T, Kept>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#backoff = backoff(firstWaitMs, maxWaitMs, this.#random)
    this.#mirror = new Mirror(options)
    this.synced = new Promise((resolve) => {
      this.#announceSynced = resolve
    })
    this.#ended = this.#run()
  }

  get isSynced(): boolean {
    return this.#isSynced
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#cancelResync()
    await this.#ended
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const wait = await this.#round().catch((error: unknown) => this.#failed(error))
      if (wait > 0) await sleep(this.#clock, wait, signal)
    }
  }

  /** Lists if needed, then watches until the server ends the watch; returns the delay before the next round. */
  async #round(): Promise<number> {
    if (this.#version === undefined) await this.#list()
    const began = this.#clock.monotonic()
    try {
      if (await this.#watch(this.#version ?? '')) return 0
    } finally {
      // A quiet but long-lived watch is healthy, so reset the backoff.
      if (this.#clock.monotonic() - began > shortWatchMs) this.#backoff.reset()
    }
    return this.#clock.monotonic() - began > shortWatchMs ? 0 : this.#backoff.next()
  }

  async #list(): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector, pageSize = 500 } = this.#options
    const { signal } = this.#stop
    const listed = new Set<string>()
    let from: string | undefined
    let version: string
    do {
      const page = await client.list(resource, { namespace, labelSelector, fieldSelector, limit: pageSize, continue: from, signal })
      for (const object of page.items) this.#mirror.take(object, listed)
      from = page.continue
      version = page.resourceVersion
    } while (from !== undefined)
    this.#mirror.dropAllBut(listed)
    this.#version = version
    this.#failures = 0
    if (this.#isSynced) return
    this.#isSynced = true
    this.#announceSynced()
    this.#planResync()
  }

  /** Returns whether the watch delivered any event. */
  async #watch(from: string): Promise<boolean> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options
    const timeoutSeconds = Math.round(watchSeconds * (1 + this.#random()))
    const selection = { namespace, labelSelector, fieldSelector, signal: this.#stop.signal }
    let seen = false
    for await (const event of client.watch(resource, { ...selection, resourceVersion: from, timeoutSeconds })) {
      if (event.type === 'BOOKMARK') this.#version = event.resourceVersion
      else {
        if (event.type === 'DELETED') this.#mirror.drop(event.object)
        else this.#mirror.take(event.object)
        this.#version = event.object.metadata.resourceVersion ?? this.#version
      }
      seen = true
      this.#failures = 0
      this.#backoff.reset()
    }
    return seen
  }

  #failed(error: unknown): number {
    if (this.#stop.signal.aborted) return 0
    this.#options.report(`watch ${this.#options.resource.plural}`, error)
    if (isExpired(error) || (isDoubtful(error) && ++this.#failures >= maxDoubtfulFailures)) this.#version = undefined
    return this.#backoff.next()
  }

  #planResync(): void {
    if (this.#stop.signal.aborted) return
    const { resyncMs = 30 * 60_000 } = this.#options
    this.#cancelResync = this.#clock.after(resyncMs * (0.9 + 0.2 * this.#random()), () => {
      if (this.#stop.signal.aborted) return
      this.#mirror.announceAll()
      this.#planResync()
    })
  }
}

/** Whether an invalid resource version could have caused the error. A broken connection or a busy or refusing server has other causes. */
function isDoubtful(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true
  return error.status === 0 ? error.reason === 'InvalidResponse' : ![401, 403, 429, 503].includes(error.status)
}
