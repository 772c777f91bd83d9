// The Secrets the chart makes for trying out, and where they are left to the user.
import { expect } from 'vitest'
import { helmTest, ofKind, type Rendered, render } from './render.ts'

function secrets(objects: Rendered[]): { [name: string]: { [key: string]: string } } {
  return Object.fromEntries(ofKind('Secret', objects).map(({ metadata, stringData }) => [`${metadata.namespace}/${metadata.name}`, stringData]))
}

helmTest('The databases’ addresses work from every namespace, and hold the password they were started with', () => {
  const { 'etl/headgate-store-owner': store, 'etl/headgate-redis': redis } = secrets(render())
  expect(store?.password).toMatch(/^[A-Za-z0-9]{32}$/)
  expect(store?.url).toBe(`postgresql://headgate:${store?.password}@headgate-postgresql.etl.svc:5432/headgate`)
  expect(redis?.url).toBe(`redis://:${redis?.password}@headgate-redis.etl.svc:6379/0`)
  expect(redis?.['redis.conf']).toContain(`requirepass ${redis?.password}\n`)
})

helmTest('Namespaces of workers get addresses and nothing else: of Redis the same everywhere, of the store that of a role of their own', () => {
  const made = secrets(render({ workerNamespaces: ['sales', 'etl', 'sales-eu'] }))
  const names = [
    'etl/headgate-redis',
    'etl/headgate-store',
    'etl/headgate-store-owner',
    'sales-eu/headgate-redis',
    'sales-eu/headgate-store',
    'sales/headgate-redis',
    'sales/headgate-store',
  ]
  expect(Object.keys(made).sort()).toEqual(names.sort())
  expect(made['sales/headgate-redis']).toEqual({ url: made['etl/headgate-redis']?.url })
  const users = ['etl', 'sales', 'sales-eu'].map((namespace) => {
    const { url, ...rest } = made[`${namespace}/headgate-store`] ?? {}
    expect(rest).toEqual({})
    return new URL(url as string)
  })
  expect(users.map(({ username }) => username)).toEqual(['headgate_etl', 'headgate_sales', 'headgate_sales_eu'])
  expect(new Set(users.map(({ password }) => password)).size).toBe(3)
})

helmTest('No Secret of a worker namespace holds the owner’s password, and none at all that of a superuser', () => {
  const made = secrets(render({ workerNamespaces: ['sales'] }))
  const owner = made['etl/headgate-store-owner'] as { password: string; 'init.sql': string }
  for (const [name, data] of Object.entries(made)) {
    if (name !== 'etl/headgate-store-owner') expect(JSON.stringify(data), name).not.toContain(owner.password)
    expect(JSON.stringify(data), name).not.toMatch(/postgresql:\/\/postgres:/)
  }
  const roles = owner['init.sql'].split('\n').filter((line) => /ROLE/.test(line))
  expect(roles.filter((line) => /SUPERUSER|BYPASSRLS|REPLICATION|IN ROLE|GRANT/.test(line))).toEqual([])
  expect(roles.at(-1)).toMatch(/^ALTER ROLE postgres PASSWORD NULL;/)
})

helmTest('The roles of the Secrets are made with the database, and declared to the operator', () => {
  const workerNamespaces = ['sales-eu', 'x'.repeat(63)]
  const made = secrets(render({ workerNamespaces }))
  const owner = made['etl/headgate-store-owner'] as { 'init.sql': string; 'tenants.json': string }
  const expected = ['etl', ...workerNamespaces].map((namespace) => {
    const { username, password } = new URL(made[`${namespace}/headgate-store`]?.url as string)
    expect(username.length).toBeLessThanOrEqual(63)
    expect(owner['init.sql']).toContain(`CREATE ROLE "${username}" LOGIN PASSWORD '${password}';\n`)
    return { namespace, role: username, password }
  })
  expect(JSON.parse(owner['tenants.json'])).toEqual(expected)
})

helmTest('The operator is started anew for other namespaces of workers, and reads no tenants where the database is the user’s', () => {
  const operator = (values = {}) => ofKind('Deployment', render(values))[0]?.spec.template
  expect(operator()).toEqual(operator({ 'postgresql.parameters': { work_mem: '8MB' } }))
  expect(operator({ workerNamespaces: ['sales'] }).metadata.annotations).not.toEqual(operator().metadata.annotations)
  const own = operator({ 'store.existingSecret': 'warehouse' })
  expect(own.spec.volumes.map(({ name }: Rendered['metadata']) => name)).toEqual(['tmp'])
  expect(own.spec.containers[0].env).toContainEqual({ name: 'HEADGATE_TENANTS_FILE', value: '' })
})

helmTest('A password given is the password used', () => {
  expect(secrets(render({ 'postgresql.password': 'known-to-all' }))['etl/headgate-store-owner']).toMatchObject({ password: 'known-to-all' })
})

helmTest('Data that outlives the release keeps its password', () => {
  const annotations = (values = {}) => Object.fromEntries(ofKind('Secret', render(values)).map(({ metadata }) => [metadata.name, metadata.annotations]))
  expect(Object.values(annotations())).toEqual([undefined, undefined, undefined])
  const kept = annotations({ 'postgresql.persistence.enabled': true })
  expect(kept).toEqual({ 'headgate-store-owner': { 'helm.sh/resource-policy': 'keep' } })
})

helmTest('A Secret of the user’s replaces the database of the chart, and none is made', () => {
  const objects = render({ 'store.existingSecret': 'warehouse', 'redis.existingSecret': 'shared' })
  expect([...ofKind('Secret', objects), ...ofKind('StatefulSet', objects)]).toEqual([])
  const operator = ofKind('Deployment', objects)[0]?.spec.template.spec.containers[0]
  const references = operator.env.flatMap((entry: Rendered) => entry.valueFrom?.secretKeyRef ?? [])
  expect(references).toEqual([
    { name: 'warehouse', key: 'url', optional: true },
    { name: 'shared', key: 'url', optional: true },
  ])
})
