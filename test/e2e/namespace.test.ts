// A namespace is deleted while workers run in it. Kubernetes deletes their pods first, and the pods have a finalizer of their Job.
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeOnCluster, freshNamespace } from '../support/kubernetes.ts'
import { must, System } from './system.ts'
import { until } from './until.ts'

const tenant = `tenant-${randomBytes(4).toString('hex')}`

/** Its workers wait for a store that does not respond. */
const objects = [
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'headgate-store' }, stringData: { url: 'postgresql://nobody:x@192.0.2.1:5432/x?connect_timeout=5' } },
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'numbers' }, data: { 'numbers.csv': 'id\n1\n2\n' } },
  {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'numbers' },
    spec: {
      source: { files: { paths: ['*.csv'], volume: { configMap: { name: 'numbers' } } } },
      format: { csv: {} },
      schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }] },
      destination: { postgres: { table: 'public.numbers', createTable: true } },
      workers: 2,
      retry: { limit: 100 },
    },
  },
  { apiVersion: 'headgate.dev/v1alpha1', kind: 'PipelineRun', metadata: { name: 'numbers-1' }, spec: { pipelineRef: { name: 'numbers' } } },
]

describeOnCluster('A namespace with an active run', async (cluster) => {
  const system = new System(await freshNamespace(cluster))
  afterAll(() => cluster.kubectl(['delete', 'namespace', tenant, '--ignore-not-found', '--wait=false']))
  beforeAll(async () => {
    must(await cluster.kubectl(['create', 'namespace', tenant]))
    const watchNamespaces = [system.namespace, tenant]
    await system.install({ watchNamespaces, rbac: { aggregateRoles: false }, postgresql: { enabled: false }, redis: { enabled: false } })
  })

  test('is deleted within a minute, by an operator without rights on namespaces', async () => {
    must(await cluster.kubectl(['apply', '--filename', '-', '--namespace', tenant], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })))
    const atWork = async () => {
      const { stdout } = await cluster.kubectl(['get', 'pods', '--namespace', tenant, '--field-selector=status.phase=Running', '--output=name'])
      return stdout.trim().split('\n').length === 2 ? true : undefined
    }
    await until(atWork, { what: 'two workers', seconds: 120 })
    must(await cluster.kubectl(['delete', 'namespace', tenant, '--wait=false']))
    const gone = async () => ((await cluster.kubectl(['get', 'namespace', tenant])).code === 0 ? undefined : true)
    expect(await until(gone, { what: 'the end of the namespace', seconds: 90 })).toBe(true)
  })
})
