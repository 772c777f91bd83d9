// The operator's client of the API server: typed verbs over any resource. Made in main.ts, used by everything that reads or writes.
import type { KubeObject } from './objects.ts'
import type { Resource } from './resources.ts'

export type Options = {
  signal?: AbortSignal | undefined
  /** Called last before anything is sent; throws to keep it from being sent. `guarded` uses it. */
  check?: (() => void) | undefined
}

export type Selectors = { namespace?: string | undefined; labelSelector?: string | undefined; fieldSelector?: string | undefined }

export type ListOptions = Options & Selectors & { limit?: number; continue?: string | undefined; resourceVersion?: string }

export type ListPage<T> = { items: T[]; resourceVersion: string; continue: string | undefined }

export type WatchOptions = Options & Selectors & { resourceVersion: string; timeoutSeconds?: number; idleMs?: number }

export type WatchEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T } | { type: 'BOOKMARK'; resourceVersion: string }

export type ApplyOptions = Options & {
  subresource?: 'status'
  /** Take over fields that others own; true unless said otherwise. */
  force?: boolean
}

export type DeleteOptions = Options & {
  propagation?: 'Foreground' | 'Background' | 'Orphan'
  preconditions?: { uid?: string; resourceVersion?: string }
}

/** An object to write: kind and apiVersion come from the resource, and every part may be left out. */
export type Draft<T> = { metadata: KubeObject['metadata'] } & { [Key in Exclude<keyof T, 'metadata'>]?: T[Key] | undefined }

/** All verbs throw ApiError. */
export interface KubeClient {
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ListPage<T>>
  /** Ends when the server ends it (every few minutes); throws when it is cut, silent for `idleMs`, or the version is too old. */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** The object, or undefined if there is none. */
  get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string, options?: Options): Promise<T | undefined>
  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: Options): Promise<T>
  /** Replaces the whole object; refused with Conflict unless it still has this resourceVersion. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, options?: Options & { subresource?: 'status' }): Promise<T>
  /** Server-side apply by field manager `headgate`. */
  apply<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: ApplyOptions): Promise<T>
  /** A JSON merge patch: null removes. A resourceVersion in its metadata makes it conditional. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    namespace: string | undefined,
    patch: object,
    options?: Options & { subresource?: 'status' },
  ): Promise<T>
  delete<T extends KubeObject>(resource: Resource<T>, name: string, namespace: string | undefined, options?: DeleteOptions): Promise<void>
  close(): Promise<void>
}
