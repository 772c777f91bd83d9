// An in-memory cache of objects of the API server, with indexes. Filled by reflectors, read by controllers.
import { Index } from './cache-index.ts'

/** Returns the index values of an entry, possibly none. Must be a pure function of its arguments. */
export type Indexer<T> = (kept: T, key: string) => readonly string[] | string | undefined

type Entry<T> = { kept: T; resourceVersion: string }

/**
 * Keyed by `namespace/name`. Returned objects are shared: never modify them.
 *
 * @example
 * const cache = new Cache<CachedJob>({ run: (job) => job.run })
 * cache.byIndex('run', 'sales/orders-1')
 */
export class Cache<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #indexes: Record<string, Index<T>>

  constructor(indexes: Record<string, Indexer<T>> = {}) {
    this.#indexes = Object.fromEntries(Object.entries(indexes).map(([name, of]) => [name, new Index(of)]))
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.kept
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys()
  }

  *list(): IterableIterator<T> {
    for (const { kept } of this.#entries.values()) yield kept
  }

  /** Entries with the value in the index, in insertion order. */
  byIndex(index: string, value: string): T[] {
    return this.keysByIndex(index, value).flatMap((key) => {
      const entry = this.#entries.get(key)
      return entry === undefined ? [] : [entry.kept]
    })
  }

  keysByIndex(index: string, value: string): string[] {
    const found = this.#indexes[index]
    if (found === undefined) throw new Error(`the cache has no index ${index}`)
    return found.keys(value)
  }

  /** The resource version of an entry; a reflector compares it to skip versions it has already announced. */
  resourceVersion(key: string): string | undefined {
    return this.#entries.get(key)?.resourceVersion
  }

  set(key: string, kept: T, resourceVersion: string): T | undefined {
    const before = this.#entries.get(key)?.kept
    for (const index of Object.values(this.#indexes)) index.move(key, before, kept)
    this.#entries.set(key, { kept, resourceVersion })
    return before
  }

  delete(key: string): T | undefined {
    const before = this.#entries.get(key)?.kept
    for (const index of Object.values(this.#indexes)) index.move(key, before, undefined)
    this.#entries.delete(key)
    return before
  }
}
