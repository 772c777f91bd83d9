// What the API server holds, as far as the operator reads it: reflectors fill it, controllers look things up in it.

/** Says under which keys of an index an entry is found; none is fine. */
export type Indexer<T> = (kept: T, key: string) => readonly string[] | string | undefined

type Entry<T> = { kept: T; resourceVersion: string; version: number }

/**
 * Keyed `namespace/name`. What it returns is shared: never change it.
 *
 * @example
 * const cache = new Cache<KeptJob>({ run: (job) => job.run })
 * cache.byIndex('run', 'sales/orders-1')
 */
export class Cache<T> {
  readonly #entries = new Map<string, Entry<T>>()
  readonly #indexes = new Map<string, { of: Indexer<T>; keys: Map<string, Set<string>> }>()

  constructor(indexes: Record<string, Indexer<T>> = {}) {
    for (const [name, of] of Object.entries(indexes)) this.#indexes.set(name, { of, keys: new Map() })
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
    for (const entry of this.#entries.values()) yield entry.kept
  }

  byIndex(_index: string, _value: string): T[] {
    return []
  }
}
