// The operator's client of the API server: typed verbs for any resource. Created in main.ts, used by all code that reads or writes objects.
import { Access, type ClusterConfig } from './access.ts'
import { isNotFound } from './api-error.ts'
import { type Clock, systemClock } from './clock.ts'
import type { ClientMetrics } from './hooks.ts'
import type { KubeObject } from './objects.ts'
import { apiVersionOf, pathOf, type Resource } from './resources.ts'
import { type Request, Transport } from './transport.ts'
import { eventsOf } from './watch.ts'

export type Options = {
  signal?: AbortSignal | undefined
  /** Called immediately before the request is sent; throws to prevent that. Used by `guarded`. */
  check?: (() => void) | undefined
  /** For the whole call, including delays that the server asks for. */
  timeoutMs?: number | undefined
}

export type Selectors = { namespace?: string | undefined; labelSelector?: string | undefined; fieldSelector?: string | undefined }

export type ListOptions = Options & Selectors & { limit?: number; continue?: string | undefined; resourceVersion?: string }

export type ListPage<T> = { items: T[]; resourceVersion: string; continue: string | undefined }

export type WatchOptions = Options & Selectors & { resourceVersion: string; timeoutSeconds?: number; idleMs?: number }

export type WatchEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T } | { type: 'BOOKMARK'; resourceVersion: string }

export type CreateOptions = Options & {
  /** The API server validates and completes the object, but does not store it. */
  dryRun?: boolean
}

export type ApplyOptions = Options & {
  subresource?: 'status'
  /** Take over fields of other field managers. Default: true. */
  force?: boolean
}

export type DeleteOptions = Options & {
  propagation?: 'Foreground' | 'Background' | 'Orphan'
  preconditions?: { uid?: string; resourceVersion?: string }
}

/** An object to write: kind and apiVersion come from the resource, and every field may be omitted. */
export type Draft<T> = { metadata: KubeObject['metadata'] } & { [Key in Exclude<keyof T, 'metadata'>]?: T[Key] | undefined }

/** All verbs throw ApiError. */
export interface KubeClient {
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ListPage<T>>
  /** Ends when the server ends the watch (every few minutes); throws if the connection is cut or silent for `idleMs`, or the version is too old. */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** The object, or undefined if there is none. */
  get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string, options?: Options): Promise<T | undefined>
  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: CreateOptions): Promise<T>
  /** Replaces the whole object; fails with Conflict unless the object still has this resourceVersion. */
  replace<T extends KubeObject>(resource: Resource<T>, object: T, options?: Options & { subresource?: 'status' }): Promise<T>
  /** Server-side apply with the field manager `headgate`. */
  apply<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options?: ApplyOptions): Promise<T>
  /** A JSON merge patch: null removes. A resourceVersion in its metadata makes it conditional. */
  patch<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    namespace: string | undefined,
    patch: object,
    options?: Options & { subresource?: 'status' },
  ): Promise<T>
  /** Succeeds if the object does not exist. */
  delete<T extends KubeObject>(resource: Resource<T>, name: string, namespace: string | undefined, options?: DeleteOptions): Promise<void>
  /** Aborts active requests. */
  close(): Promise<void>
}

export type ClientOptions = { metrics?: ClientMetrics; clock?: Clock; userAgent?: string; timeoutMs?: number }

export const fieldManager = 'headgate'

export function createClient(config: ClusterConfig, options: ClientOptions = {}): KubeClient {
  const { metrics, clock = systemClock, userAgent = 'headgate', timeoutMs = 30_000 } = options
  const access = new Access(config)
  return new ApiClient(access, new Transport(access, { metrics, clock, userAgent, timeoutMs }))
}

class ApiClient implements KubeClient {
  readonly #access: Access
  readonly #transport: Transport

  constructor(access: Access, transport: Transport) {
    this.#access = access
    this.#transport = transport
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ListPage<T>> {
    const { limit, continue: from, resourceVersion } = options
    const query = { ...selected(options), limit, continue: from, resourceVersion }
    const page = (await this.#transport.json({ method: 'GET', path: pathOf(resource, options), query, ...passed(options) })) as {
      items?: T[]
      metadata?: { resourceVersion?: string; continue?: string }
    }
    const items = page.items ?? []
    // The API server omits apiVersion and kind of list items.
    for (const item of items) {
      item.apiVersion ??= apiVersionOf(resource)
      item.kind ??= resource.kind
    }
    return { items, resourceVersion: page.metadata?.resourceVersion ?? '', continue: page.metadata?.continue || undefined }
  }

  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const { resourceVersion, timeoutSeconds, idleMs = 90_000 } = options
    const query = { ...selected(options), watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds }
    return eventsOf<T>(this.#transport.stream({ method: 'GET', path: pathOf(resource, options), query, signal: options.signal }, idleMs))
  }

  async get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string, options: Options = {}): Promise<T | undefined> {
    try {
      return await this.#send<T>({ method: 'GET', path: pathOf(resource, { name, namespace }) }, options)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options: CreateOptions = {}): Promise<T> {
    const path = pathOf(resource, { namespace: object.metadata.namespace })
    const query = { fieldManager, ...(options.dryRun === true && { dryRun: 'All' }) }
    return this.#send({ method: 'POST', path, query, body: typed(resource, object) }, options)
  }

  replace<T extends KubeObject>(resource: Resource<T>, object: T, options: Options & { subresource?: 'status' } = {}): Promise<T> {
    const path = pathOf(resource, { ...object.metadata, subresource: options.subresource })
    return this.#send({ method: 'PUT', path, query: { fieldManager }, body: typed(resource, object) }, options)
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: Draft<T>, options: ApplyOptions = {}): Promise<T> {
    const path = pathOf(resource, { ...object.metadata, subresource: options.subresource })
    const query = { fieldManager, force: options.force ?? true }
    // JSON is valid YAML.
    return this.#send({ method: 'PATCH', path, query, body: typed(resource, object), contentType: 'application/apply-patch+yaml' }, options)
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    namespace: string | undefined,
    patch: object,
    options: Options & { subresource?: 'status' } = {},
  ): Promise<T> {
    const path = pathOf(resource, { name, namespace, subresource: options.subresource })
    return this.#send({ method: 'PATCH', path, query: { fieldManager }, body: patch, contentType: 'application/merge-patch+json' }, options)
  }

  async delete<T extends KubeObject>(resource: Resource<T>, name: string, namespace: string | undefined, options: DeleteOptions = {}): Promise<void> {
    const { propagation: propagationPolicy, preconditions } = options
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy, preconditions }
    try {
      await this.#send({ method: 'DELETE', path: pathOf(resource, { name, namespace }), body }, options)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  close(): Promise<void> {
    return this.#access.close()
  }

  async #send<T>(request: Request, options: Options): Promise<T> {
    return (await this.#transport.json({ ...request, ...passed(options) })) as T
  }
}

function passed({ signal, check, timeoutMs }: Options): Options {
  return { signal, check, timeoutMs }
}

function selected({ labelSelector, fieldSelector }: Selectors): Selectors {
  return { labelSelector, fieldSelector }
}

function typed<T extends KubeObject>(resource: Resource<T>, object: Draft<T>): object {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }
}
