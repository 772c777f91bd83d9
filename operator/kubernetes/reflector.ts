// Keeps a cache equal to what the API server holds, through cut connections, expired versions and whatever else happens.
import type { Cache } from './cache.ts'
import type { KubeClient, Selectors } from './client.ts'
import type { Clock } from './clock.ts'
import type { Report } from './hooks.ts'
import type { KubeObject } from './objects.ts'
import type { Resource } from './resources.ts'

export type ReflectorOptions<T extends KubeObject, Kept> = Selectors & {
  client: Pick<KubeClient, 'list' | 'watch'>
  resource: Resource<T>
  /** What of an object is stored; the rest is garbage at once. Called for every version seen. */
  keep: (object: T) => Kept
  cache: Cache<Kept>
  /**
   * Called after the cache changed, once per version of an object; undefined means it is gone. A handler only enqueues keys.
   * `before` is what the cache held until now. Called again for everything, with before === kept, at each resync.
   */
  onChange: (key: string, kept: Kept | undefined, before: Kept | undefined) => void
  report: Report
  clock?: Clock
  random?: () => number
  pageSize?: number
  resyncMs?: number
}

export interface Reflector {
  /** Resolved when the first list is in the cache; stays pending when stopped before. */
  readonly synced: Promise<void>
  readonly isSynced: boolean
  stop(): Promise<void>
}

export function startReflector<T extends KubeObject, Kept>(_options: ReflectorOptions<T, Kept>): Reflector {
  throw new Error('to be written')
}
