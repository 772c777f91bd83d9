// A tenant of one namespace, as the API server knows them: may write ConfigMaps, Jobs, Pipelines and runs there, and nothing elsewhere.
// And the operator as its service account, with the rights that the chart gives it.
import { KubeConfig } from '@kubernetes/client-node'
import { afterAll, beforeAll, expect } from 'vitest'
import { createClient, type KubeClient } from '../../operator/kubernetes/client.ts'
import type { TestApiServer } from '../support/kubernetes.ts'

type Its = TestApiServer & { namespace: string }

const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
const rules = [
  { apiGroups: [''], resources: ['configmaps', 'pods'], verbs },
  { apiGroups: ['batch'], resources: ['jobs'], verbs },
  { apiGroups: ['headgate.dev'], resources: ['pipelines', 'pipelineruns'], verbs },
]

/** A client that the API server takes for that user; closed after the suite. */
export function clientOf({ kubeconfigPath }: TestApiServer, user: string): KubeClient {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfigPath)
  config.users = config.users.map((one) => ({ ...one, impersonateUser: user }))
  const client = createClient(config)
  afterAll(() => client.close())
  return client
}

/** The rights of the tenant are there when the tests run. */
export function tenantOf(its: Its): KubeClient {
  const user = `tenant-of-${its.namespace}`
  const [rbac, metadata] = [{ apiVersion: 'rbac.authorization.k8s.io/v1' }, { name: 'tenant', namespace: its.namespace }]
  const role = { ...rbac, kind: 'Role', metadata, rules }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'tenant' }
  const binding = { ...rbac, kind: 'RoleBinding', metadata, roleRef, subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }] }
  beforeAll(async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [role, binding] }
    expect(await its.kubectl(['apply', '-f', '-'], JSON.stringify(list))).toMatchObject({ code: 0 })
  })
  return clientOf(its, user)
}
