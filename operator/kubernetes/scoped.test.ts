import { expect, test } from 'vitest'
import type { KubeClient } from './client.ts'
import { configMaps, jobs } from './resources.ts'
import { namespaceOf, scopedClient, scopedController, scopedRecorder } from './scoped.ts'

const sent: unknown[] = []
const client = new Proxy({} as KubeClient, {
  get: (_, verb) => () => void sent.push(verb),
})
const scoped = scopedClient(client, 'tenant-a')

function draft(namespace?: string) {
  return { metadata: { name: 'x', ...(namespace !== undefined && { namespace }) } }
}

const calls: [string, (namespace?: string) => unknown][] = [
  ['list', (namespace) => scoped.list(jobs, namespace === undefined ? {} : { namespace })],
  ['watch', async (namespace) => scoped.watch(jobs, { resourceVersion: '1', namespace })],
  ['get', (namespace) => scoped.get(jobs, 'x', namespace)],
  ['create', (namespace) => scoped.create(configMaps, draft(namespace))],
  ['replace', (namespace) => scoped.replace(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', ...draft(namespace) })],
  ['apply', (namespace) => scoped.apply(jobs, draft(namespace))],
  ['patch', (namespace) => scoped.patch(jobs, 'x', namespace, {})],
  ['delete', (namespace) => scoped.delete(jobs, 'x', namespace)],
]

test.each(calls)('%s reaches the namespace of the reconciled object and no other', async (verb, call) => {
  sent.length = 0
  for (const namespace of ['headgate', '', undefined]) await expect((async () => await call(namespace))()).rejects.toMatchObject({ reason: 'OtherNamespace' })
  expect(sent).toEqual([])
  await call('tenant-a')
  expect(sent).toEqual([verb])
})

test('An Event about an object of another namespace is refused', () => {
  const recorded: string[] = []
  const recorder = scopedRecorder({ event: ({ name }) => void recorded.push(name) }, 'tenant-a')
  const object = { apiVersion: 'v1', kind: 'Pod', name: 'x' }
  const content = { type: 'Normal', reason: 'R', message: 'm', action: 'A' } as const
  for (const other of [object, { ...object, namespace: 'headgate' }]) expect(() => recorder.event(other, content)).toThrow('tenant-a')
  recorder.event({ ...object, namespace: 'tenant-a' }, content)
  expect(recorded).toEqual(['x'])
})

test('The namespace is the first part of a key', () => expect(namespaceOf('sales/orders-1')).toBe('sales'))

test('A controller gets a client and a recorder of the namespace of each key', async () => {
  sent.length = 0
  const events = { event: (_: object, __: object) => {} }
  const reaching = (namespace: string) =>
    scopedController({ client, events }, ({ client, events }) => async () => {
      events.event({ apiVersion: 'v1', kind: 'Pod', name: 'x', namespace }, { type: 'Normal', reason: 'R', message: 'm', action: 'A' })
      await client.delete(jobs, 'x', namespace)
      return undefined
    })
  await reaching('sales')('sales/orders')
  await expect((async () => reaching('headgate')('sales/orders'))()).rejects.toMatchObject({ reason: 'OtherNamespace' })
  expect(sent).toEqual(['delete'])
})
