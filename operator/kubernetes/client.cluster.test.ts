// The client's verbs on a real API server.
import { afterAll, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../../test/support/kubernetes.ts'
import { isAlreadyExists, isConflict, isExpired, isInvalid } from './api-error.ts'
import { createClient } from './client.ts'
import { configMaps, jobs, leases, pipelineRuns } from './resources.ts'

const run = (namespace: string, name: string) => ({ metadata: { name, namespace }, spec: { pipelineRef: { name: 'orders' } } })
const map = (namespace: string, name: string, data: Record<string, string> = {}) => ({ metadata: { name, namespace }, data })

describeWithApiServer('the client', async (server) => {
  const { namespace, kubeConfig } = await freshNamespace(server)
  const client = createClient(kubeConfig)
  afterAll(() => client.close())

  test('get returns a created object, and a second create fails with AlreadyExists', async () => {
    const made = await client.create(configMaps, map(namespace, 'one', { a: '1' }))
    expect(await client.get(configMaps, 'one', namespace)).toEqual(made)
    const again = await client.create(configMaps, map(namespace, 'one')).catch((error: unknown) => error)
    expect(isAlreadyExists(again)).toBe(true)
  })

  test('get of a missing object returns undefined, and its deletion succeeds', async () => {
    expect(await client.get(configMaps, 'nothing', namespace)).toBeUndefined()
    await client.delete(configMaps, 'nothing', namespace)
  })

  test('a second identical apply changes nothing, and the field manager is headgate', async () => {
    const first = await client.apply(configMaps, map(namespace, 'applied', { a: '1' }))
    const second = await client.apply(configMaps, map(namespace, 'applied', { a: '1' }))
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    const managers = (second.metadata as { managedFields?: { manager: string; operation: string }[] }).managedFields
    expect(managers).toMatchObject([{ manager: 'headgate', operation: 'Apply' }])
  })

  test('apply removes fields that are no longer applied', async () => {
    await client.apply(configMaps, map(namespace, 'shrinking', { a: '1', b: '2' }))
    expect((await client.apply(configMaps, map(namespace, 'shrinking', { a: '1' }))).data).toEqual({ a: '1' })
  })

  test('apply takes over fields of another manager by default, and conflicts without force', async () => {
    await server.kubectl(
      ['apply', '--server-side', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', ...map(namespace, 'shared', { a: '1' }) }),
    )
    const refused = await client.apply(configMaps, map(namespace, 'shared', { a: '2' }), { force: false }).catch((error: unknown) => error)
    expect(isConflict(refused)).toBe(true)
    expect((await client.apply(configMaps, map(namespace, 'shared', { a: '2' }))).data).toEqual({ a: '2' })
  })

  test('apply to /status changes only the status, and a second apply keeps the version', async () => {
    const made = await client.create(pipelineRuns, run(namespace, 'with-status'))
    const status = { metadata: { name: 'with-status', namespace }, status: { phase: 'Running' as const } }
    const first = await client.apply(pipelineRuns, status, { subresource: 'status' })
    const second = await client.apply(pipelineRuns, status, { subresource: 'status' })
    expect(first).toMatchObject({ spec: made.spec, status: { phase: 'Running' }, metadata: { generation: 1 } })
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
  })

  test('a merge patch with an outdated version is a conflict', async () => {
    const made = await client.create(configMaps, map(namespace, 'patched', { a: '1' }))
    const { resourceVersion } = made.metadata
    const patched = await client.patch(configMaps, 'patched', namespace, { metadata: { resourceVersion }, data: { a: null, b: '2' } })
    expect(patched.data).toEqual({ b: '2' })
    const late = await client.patch(configMaps, 'patched', namespace, { metadata: { resourceVersion }, data: {} }).catch((error: unknown) => error)
    expect(isConflict(late)).toBe(true)
  })

  test('replace needs the current version', async () => {
    const made = await client.create(leases, { metadata: { name: 'replaced', namespace }, spec: { holderIdentity: 'a' } })
    await client.replace(leases, { ...made, spec: { holderIdentity: 'b' } })
    const late = await client.replace(leases, { ...made, spec: { holderIdentity: 'c' } }).catch((error: unknown) => error)
    expect(isConflict(late)).toBe(true)
  })

  test('delete with the uid of an earlier object is refused', async () => {
    await client.create(configMaps, map(namespace, 'kept'))
    const wrong = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } }
    const refused = await client.delete(configMaps, 'kept', namespace, wrong).catch((error: unknown) => error)
    expect(isConflict(refused)).toBe(true)
    await client.delete(configMaps, 'kept', namespace, { propagation: 'Background' })
    expect(await client.get(configMaps, 'kept', namespace)).toBeUndefined()
  })

  test('an object that the schema rejects fails with the message of the server', async () => {
    const wrong = await client.create(jobs, { metadata: { name: 'wrong', namespace }, spec: {} as never }).catch((error: unknown) => error)
    expect(isInvalid(wrong)).toBe(true)
    expect((wrong as Error).message).toMatch(/^POST \/apis\/batch\/v1\/namespaces\/.*: 422 Job.batch "wrong" is invalid: /)
  })

  test('list items have apiVersion and kind, and pages can be continued', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await client.create(leases, { metadata: { name, namespace, labels: { page: 'yes' } } })
    const selection = { namespace, labelSelector: 'page=yes', limit: 2 }
    const first = await client.list(leases, selection)
    const second = await client.list(leases, { ...selection, continue: first.continue })
    expect([...first.items, ...second.items].map(({ metadata, kind, apiVersion }) => [metadata.name, kind, apiVersion])).toEqual(
      ['page-1', 'page-2', 'page-3'].map((name) => [name, 'Lease', 'coordination.k8s.io/v1']),
    )
    expect([first.continue === undefined, second.continue]).toEqual([false, undefined])
  })

  test('a watch delivers the changes since its version, in order', async () => {
    const { resourceVersion } = await client.list(configMaps, { namespace })
    await client.create(configMaps, map(namespace, 'watched', { a: '1' }))
    await client.apply(configMaps, map(namespace, 'watched', { a: '2' }))
    await client.delete(configMaps, 'watched', namespace)
    const seen: string[] = []
    for await (const event of client.watch(configMaps, { namespace, resourceVersion, fieldSelector: 'metadata.name=watched' })) {
      if (event.type !== 'BOOKMARK') seen.push(`${event.type} ${event.object.data?.a}`)
      if (event.type === 'DELETED') break
    }
    expect(seen).toEqual(['ADDED 1', 'MODIFIED 2', 'DELETED 2'])
  })

  test('a watch from a version that is too old fails as expired', async () => {
    const watching = async () => {
      for await (const event of client.watch(pipelineRuns, { namespace, resourceVersion: '1' })) return event
    }
    expect(isExpired(await watching().catch((error: unknown) => error))).toBe(true)
  })
})
