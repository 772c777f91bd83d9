// What the operator's service account may do: as rendered, and as a real API server judges it.
import { describe, expect, test } from 'vitest'
import { describeWithApiServer, freshNamespace } from '../support/kubernetes.ts'
import { appliedAccess } from './applied.ts'
import { helmTest, ofKind, render } from './render.ts'

const READ = ['get', 'list', 'watch']

helmTest('The operator’s rights are these and no others', () => {
  const [role] = ofKind('ClusterRole', render()).filter(({ metadata }) => metadata.name === 'etl-headgate-operator')
  const rights = role?.rules.map(({ apiGroups, resources, verbs }: { [name: string]: string[] }) => [`${apiGroups}: ${resources}`, verbs])
  expect(Object.fromEntries(rights)).toEqual({
    'headgate.dev: pipelines': READ,
    'headgate.dev: pipelineruns': [...READ, 'create', 'patch', 'delete'],
    'headgate.dev: pipelines/status,pipelineruns/status': ['patch'],
    'headgate.dev: pipelines/finalizers,pipelineruns/finalizers': ['update'],
    'batch: cronjobs,jobs': [...READ, 'create', 'patch', 'delete'],
    ': pods': READ,
    ': configmaps': ['get', 'create'],
    'events.k8s.io: events': ['create', 'list', 'patch'],
  })
  const [inNamespace] = ofKind('Role', render({ watchNamespaces: ['etl'] }))
  expect(inNamespace?.rules).toEqual(role?.rules)
})

const allowed = [
  ['list', 'pipelines.headgate.dev'],
  ['patch', 'pipelines.headgate.dev/status'],
  ['create', 'pipelineruns.headgate.dev'],
  ['delete', 'pipelineruns.headgate.dev'],
  ['patch', 'pipelineruns.headgate.dev/status'],
  ['watch', 'jobs.batch'],
  ['create', 'jobs.batch'],
  ['delete', 'cronjobs.batch'],
  ['list', 'pods'],
  ['create', 'configmaps'],
  ['create', 'events.events.k8s.io'],
  ['create', 'leases.coordination.k8s.io'],
  ['update', 'leases.coordination.k8s.io/headgate-operator'],
] as const

const refused = [
  ...['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'].map((verb) => [verb, 'secrets'] as const),
  ...['list', 'watch', 'update', 'patch', 'delete', 'deletecollection'].map((verb) => [verb, 'configmaps'] as const),
  ...['create', 'delete', 'patch'].map((verb) => [verb, 'pods'] as const),
  ['create', 'pods/exec'],
  ['get', 'pods/log'],
  ['create', 'serviceaccounts/token'],
  ['create', 'pipelines.headgate.dev'],
  ['patch', 'pipelines.headgate.dev'],
  ['delete', 'pipelines.headgate.dev'],
  ['deletecollection', 'pipelineruns.headgate.dev'],
  ['deletecollection', 'jobs.batch'],
  ['create', 'deployments.apps'],
  ['create', 'roles.rbac.authorization.k8s.io'],
  ['bind', 'clusterroles.rbac.authorization.k8s.io'],
  ['impersonate', 'users'],
  ['list', 'namespaces'],
  ['list', 'nodes'],
  ['get', 'persistentvolumeclaims'],
  ['update', 'leases.coordination.k8s.io/someone-else'],
  ['patch', 'customresourcedefinitions.apiextensions.k8s.io'],
] as const

describeWithApiServer(
  'The operator’s service account',
  async (server) => {
    const its = await freshNamespace(server)
    const elsewhere = (await freshNamespace(server)).namespace
    appliedAccess(its)
    const may = async (verb: string, what: string, namespace = its.namespace) => {
      const [resource = '', name] = /^leases.*\//.test(what) ? what.split('/') : [what]
      const [type = '', subresource] = resource.split('/')
      const args = name === undefined ? [type] : [`${type}/${name}`]
      const options = subresource === undefined ? [] : ['--subresource', subresource]
      const { stdout } = await its.kubectl([
        ...['auth', 'can-i', verb, ...args, ...options, '--namespace', namespace],
        ...['--as', `system:serviceaccount:${its.namespace}:headgate-operator`],
      ])
      return stdout.trim()
    }

    test.each(allowed)('may %s %s', async (verb, what) => expect(await may(verb, what)).toBe('yes'))
    test.each(refused)('may not %s %s', async (verb, what) => expect(await may(verb, what)).toBe('no'))
    test('elects its leader in its own namespace only', async () => expect(await may('create', 'leases.coordination.k8s.io', elsewhere)).toBe('no'))
  },
  { controllers: undefined },
)

describeWithApiServer(
  'An operator of some namespaces only',
  async (server) => {
    const its = await freshNamespace(server)
    const elsewhere = (await freshNamespace(server)).namespace
    appliedAccess(its, { watchNamespaces: [its.namespace], 'rbac.aggregateRoles': false })

    test.each(['list pipelines.headgate.dev', 'create jobs.batch', 'list pods', 'create configmaps'])('%s: in that namespace only', async (action) => {
      const as = ['--as', `system:serviceaccount:${its.namespace}:headgate-operator`]
      const answers = [its.namespace, elsewhere].map(async (namespace) =>
        (await its.kubectl(['auth', 'can-i', ...action.split(' '), '--namespace', namespace, ...as])).stdout.trim(),
      )
      expect(await Promise.all(answers)).toEqual(['yes', 'no'])
    })
  },
  { controllers: undefined },
)

describe('Whoever may', () => {
  const role = (name: string) => ofKind('ClusterRole', render()).find(({ metadata }) => metadata.name === `etl-headgate-${name}`)
  const AGGREGATE = 'rbac.authorization.k8s.io/aggregate-to-'

  helmTest('view a namespace may look at Pipelines and runs', () => {
    expect(role('view')?.metadata.labels).toMatchObject({ [`${AGGREGATE}view`]: 'true', [`${AGGREGATE}edit`]: 'true', [`${AGGREGATE}admin`]: 'true' })
    expect(role('view')?.rules.flatMap(({ verbs }: { verbs: string[] }) => verbs)).toEqual(READ)
  })

  helmTest('edit a namespace may write them, but not their status', () => {
    expect(role('edit')?.metadata.labels).not.toHaveProperty(`${AGGREGATE}view`)
    expect(role('edit')?.rules).toHaveLength(1)
    expect(role('edit')?.rules[0].resources).toEqual(['pipelines', 'pipelineruns'])
  })
})
