// A client that writes only while this process is the leader. Every controller gets this client.
import { ApiError } from './api-error.ts'
import type { KubeClient, Options } from './client.ts'

/** Whether this process may write. */
export interface Leadership {
  /** Whether the lease was renewed recently enough that no other process can hold it. Cheap; called before every write. */
  stillLeading(): boolean
}

/** Returns a client that rejects writes with ApiError `NotLeading` unless this process is certainly the leader. Reads always pass. */
export function guarded(client: KubeClient, leadership: Leadership): KubeClient {
  const check = () => {
    if (!leadership.stillLeading()) throw new ApiError(0, 'NotLeading', 'this process does not hold the lease; nothing was written')
  }
  // Checked now, and again by the transport immediately before sending, because the process can be frozen in between.
  const checked = <T extends Options>(options: T | undefined): T => {
    check()
    const more = options?.check
    return { ...(options as T), check: more === undefined ? check : () => [check(), more()] }
  }
  return {
    list: (resource, options) => client.list(resource, options),
    watch: (resource, options) => client.watch(resource, options),
    get: (resource, name, namespace, options) => client.get(resource, name, namespace, options),
    create: async (resource, object, options) => client.create(resource, object, checked(options)),
    replace: async (resource, object, options) => client.replace(resource, object, checked(options)),
    apply: async (resource, object, options) => client.apply(resource, object, checked(options)),
    patch: async (resource, name, namespace, patch, options) => client.patch(resource, name, namespace, patch, checked(options)),
    delete: async (resource, name, namespace, options) => client.delete(resource, name, namespace, checked(options)),
    close: () => client.close(),
  }
}
