// What the client's verbs do to a real API server.
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

  test('what is created can be got, and creating it again says AlreadyExists', async () => {
    const made = await client.create(configMaps, map(namespace, 'one', { a: '1' }))
    expect(await client.get(configMaps, 'one', namespace)).toEqual(made)
    const again = await client.create(configMaps, map(namespace, 'one')).catch((error: unknown) => error)
    expect(isAlreadyExists(again)).toBe(true)
  })

  test('getting what is not there gives undefined, deleting it is fine', async () => {
    expect(await client.get(configMaps, 'nothing', namespace)).toBeUndefined()
    await client.delete(configMaps, 'nothing', namespace)
  })

  test('applying the same twice changes nothing, and the field manager is headgate', async () => {
    const first = await client.apply(configMaps, map(namespace, 'applied', { a: '1' }))
    const second = await client.apply(configMaps, map(namespace, 'applied', { a: '1' }))
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    const managers = (second.metadata as { managedFields?: { manager: string; operation: string }[] }).managedFields
    expect(managers).toMatchObject([{ manager: 'headgate', operation: 'Apply' }])
  })

  test('what is applied no more is removed', async () => {
    await client.apply(configMaps, map(namespace, 'shrinking', { a: '1', b: '2' }))
    expect((await client.apply(configMaps, map(namespace, 'shrinking', { a: '1' }))).data).toEqual({ a: '1' })
  })

  test("a field of another manager is a conflict unless it is taken by force, which is what's done unless said otherwise", async () => {
    await server.kubectl(
      ['apply', '--server-side', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', ...map(namespace, 'shared', { a: '1' }) }),
    )
    const refused = await client.apply(configMaps, map(namespace, 'shared', { a: '2' }), { force: false }).catch((error: unknown) => error)
    expect(isConflict(refused)).toBe(true)
    expect((await client.apply(configMaps, map(namespace, 'shared', { a: '2' }))).data).toEqual({ a: '2' })
  })

  test('applying to /status changes the status and nothing else, twice the same version', async () => {
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

  test('replacing needs the current version', async () => {
    const made = await client.create(leases, { metadata: { name: 'replaced', namespace }, spec: { holderIdentity: 'a' } })
    await client.replace(leases, { ...made, spec: { holderIdentity: 'b' } })
    const late = await client.replace(leases, { ...made, spec: { holderIdentity: 'c' } }).catch((error: unknown) => error)
    expect(isConflict(late)).toBe(true)
  })

  test('deleting with the uid of a predecessor is refused', async () => {
    await client.create(configMaps, map(namespace, 'kept'))
    const wrong = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } }
    const refused = await client.delete(configMaps, 'kept', namespace, wrong).catch((error: unknown) => error)
    expect(isConflict(refused)).toBe(true)
    await client.delete(configMaps, 'kept', namespace, { propagation: 'Background' })
    expect(await client.get(configMaps, 'kept', namespace)).toBeUndefined()
  })

  test('what the schema refuses is told with the words of the server', async () => {
    const wrong = await client.create(jobs, { metadata: { name: 'wrong', namespace }, spec: {} as never }).catch((error: unknown) => error)
    expect(isInvalid(wrong)).toBe(true)
    expect((wrong as Error).message).toMatch(/^POST \/apis\/batch\/v1\/namespaces\/.*: 422 Job.batch "wrong" is invalid: /)
  })

  test('items of a list say what they are, and pages follow each other', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await client.create(leases, { metadata: { name, namespace, labels: { page: 'yes' } } })
    const selection = { namespace, labelSelector: 'page=yes', limit: 2 }
    const first = await client.list(leases, selection)
    const second = await client.list(leases, { ...selection, continue: first.continue })
    expect([...first.items, ...second.items].map(({ metadata, kind, apiVersion }) => [metadata.name, kind, apiVersion])).toEqual(
      ['page-1', 'page-2', 'page-3'].map((name) => [name, 'Lease', 'coordination.k8s.io/v1']),
    )
    expect([first.continue === undefined, second.continue]).toEqual([false, undefined])
  })

  test('a watch tells of what happened since its version, in order', async () => {
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

  test('a version that is too old is told as expired', async () => {
    const watching = async () => {
      for await (const event of client.watch(pipelineRuns, { namespace, resourceVersion: '1' })) return event
    }
    expect(isExpired(await watching().catch((error: unknown) => error))).toBe(true)
  })
})
