// One index of a cache: maps a value to the keys of the entries that have it. Most values have one key, which is stored without a Set.
import type { Indexer } from './cache.ts'

export class Index<T> {
  readonly #of: Indexer<T>
  readonly #keys = new Map<string, string | Set<string>>()

  constructor(of: Indexer<T>) {
    this.#of = of
  }

  keys(value: string): string[] {
    const found = this.#keys.get(value)
    if (found === undefined) return []
    return typeof found === 'string' ? [found] : [...found]
  }

  /** Updates the index for a changed entry; undefined means that there was or is no entry. */
  move(key: string, before: T | undefined, after: T | undefined): void {
    const old = this.#values(before, key)
    const now = this.#values(after, key)
    for (const value of old) if (!now.includes(value)) this.#remove(value, key)
    for (const value of now) if (!old.includes(value)) this.#add(value, key)
  }

  #values(kept: T | undefined, key: string): readonly string[] {
    const values = kept === undefined ? [] : (this.#of(kept, key) ?? [])
    return typeof values === 'string' ? [values] : values
  }

  #add(value: string, key: string): void {
    const found = this.#keys.get(value)
    if (found === undefined) this.#keys.set(value, key)
    else if (typeof found !== 'string') found.add(key)
    else if (found !== key) this.#keys.set(value, new Set([found, key]))
  }

  #remove(value: string, key: string): void {
    const found = this.#keys.get(value)
    if (typeof found === 'object') found.delete(key)
    if (found === key || (typeof found === 'object' && found.size === 0)) this.#keys.delete(value)
  }
}
