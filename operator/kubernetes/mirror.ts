// The part of a reflector that updates the cache and calls the handlers. Errors caused by an object or a handler are reported and skipped.
import type { KubeObject } from './objects.ts'
import { keyOf } from './objects.ts'
import type { ReflectorOptions } from './reflector.ts'

type MirrorOptions<T extends KubeObject, Kept> = Pick<ReflectorOptions<T, Kept>, 'cache' | 'keep' | 'onChange' | 'report' | 'resource' | 'namespace'>

export class Mirror<T extends KubeObject, Kept> {
  readonly #options: MirrorOptions<T, Kept>

  constructor(options: MirrorOptions<T, Kept>) {
    this.#options = options
  }

  /** Stores the current version of an object and adds its key to `listed`. A version already in the cache is not announced again. */
  take(object: T, listed?: Set<string>): void {
    this.#guard(() => {
      const { cache, keep } = this.#options
      const key = keyOf(object)
      listed?.add(key)
      const resourceVersion = object.metadata.resourceVersion ?? ''
      if (cache.resourceVersion(key) === resourceVersion) return
      const kept = keep(object)
      this.#announce(key, kept, cache.set(key, kept, resourceVersion))
    })
  }

  drop(object: T): void {
    this.#guard(() => this.#remove(keyOf(object)))
  }

  /** Removes the objects of this reflector that are not listed. */
  dropAllBut(listed: Set<string>): void {
    for (const key of this.#own()) if (!listed.has(key)) this.#guard(() => this.#remove(key))
  }

  announceAll(): void {
    for (const key of this.#own()) {
      const kept = this.#options.cache.get(key)
      if (kept !== undefined) this.#announce(key, kept, kept)
    }
  }

  #own(): string[] {
    const { cache, namespace } = this.#options
    const keys = [...cache.keys()]
    return namespace === undefined ? keys : keys.filter((key) => key.startsWith(`${namespace}/`))
  }

  #remove(key: string): void {
    const before = this.#options.cache.delete(key)
    if (before !== undefined) this.#announce(key, undefined, before)
  }

  #announce(key: string, kept: Kept | undefined, before: Kept | undefined): void {
    this.#guard(() => this.#options.onChange(key, kept, before))
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#options.report(`keeping ${this.#options.resource.plural}`, error)
    }
  }
}
