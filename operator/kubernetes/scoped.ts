// A client and an Event recorder for the reconcile of one object, which reject access to other namespaces than that of the object. The lease
// and the reflectors use the wrapped client directly, so they are not affected.
import { ApiError } from './api-error.ts'
import type { KubeClient } from './client.ts'
import type { EventRecorder } from './events.ts'
import { partsOf } from './objects.ts'
import type { Resource } from './resources.ts'
import type { Reconcile } from './workers.ts'

export type Recorder = Pick<EventRecorder, 'event'>

/** Throws ApiError `OtherNamespace`, before anything is sent, for a request about another namespace, all namespaces or none. */
export function scopedClient<Verbs extends Partial<KubeClient>>(client: Verbs, namespace: string): Verbs {
  const wrapped = client as unknown as KubeClient
  const within = ({ plural }: Pick<Resource, 'plural'>, asked: string | undefined): KubeClient => {
    if (asked !== namespace) throw otherNamespace(plural, asked, namespace)
    return wrapped
  }
  const scoped: KubeClient = {
    list: async (resource, options) => within(resource, options?.namespace).list(resource, options),
    watch: (resource, options) => within(resource, options.namespace).watch(resource, options),
    get: async (resource, name, asked, options) => within(resource, asked).get(resource, name, asked, options),
    create: async (resource, object, options) => within(resource, object.metadata.namespace).create(resource, object, options),
    replace: async (resource, object, options) => within(resource, object.metadata.namespace).replace(resource, object, options),
    apply: async (resource, object, options) => within(resource, object.metadata.namespace).apply(resource, object, options),
    patch: async (resource, name, asked, patch, options) => within(resource, asked).patch(resource, name, asked, patch, options),
    delete: async (resource, name, asked, options) => within(resource, asked).delete(resource, name, asked, options),
    close: async () => {},
  }
  return scoped as unknown as Verbs
}

export function scopedRecorder(recorder: Recorder, namespace: string): Recorder {
  return {
    event: (object, content) => {
      if (object.namespace !== namespace) throw otherNamespace('events', object.namespace, namespace)
      recorder.event(object, content)
    },
  }
}

/** Wraps a controller, so that each reconcile gets a client and a recorder restricted to the namespace of its key. */
export function scopedController<Parts extends { client: KubeClient; events: Recorder }>(parts: Parts, controller: (parts: Parts) => Reconcile): Reconcile {
  return (key) => {
    const namespace = namespaceOf(key)
    return controller({ ...parts, client: scopedClient(parts.client, namespace), events: scopedRecorder(parts.events, namespace) })(key)
  }
}

/** The namespace of a queue key `namespace/name`. */
export function namespaceOf(key: string): string {
  return partsOf(key).namespace ?? ''
}

function otherNamespace(plural: string, asked: string | undefined, own: string): ApiError {
  return new ApiError(0, 'OtherNamespace', `a reconcile of namespace ${own} may not reach ${plural} of ${asked ?? 'no namespace'}; nothing was sent`)
}
