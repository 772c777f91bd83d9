// The Secrets the chart makes for trying out, and where they are left to the user.
import { expect } from 'vitest'
import { helmTest, ofKind, type Rendered, render } from './render.ts'

function secrets(objects: Rendered[]): { [name: string]: { [key: string]: string } } {
  return Object.fromEntries(ofKind('Secret', objects).map(({ metadata, stringData }) => [`${metadata.namespace}/${metadata.name}`, stringData]))
}

helmTest('The databases’ addresses work from every namespace, and hold the password they were started with', () => {
  const { 'etl/headgate-store': store, 'etl/headgate-redis': redis } = secrets(render())
  expect(store?.password).toMatch(/^[A-Za-z0-9]{32}$/)
  expect(store?.url).toBe(`postgresql://headgate:${store?.password}@headgate-postgresql.etl.svc:5432/headgate`)
  expect(redis?.url).toBe(`redis://:${redis?.password}@headgate-redis.etl.svc:6379/0`)
  expect(redis?.['redis.conf']).toContain(`requirepass ${redis?.password}\n`)
})

helmTest('Namespaces of workers get the address, the same everywhere, and nothing else', () => {
  const made = secrets(render({ workerNamespaces: ['sales', 'etl'] }))
  expect(Object.keys(made).sort()).toEqual(['etl/headgate-redis', 'etl/headgate-store', 'sales/headgate-redis', 'sales/headgate-store'])
  expect(made['sales/headgate-store']).toEqual({ url: made['etl/headgate-store']?.url })
  expect(made['sales/headgate-redis']).toEqual({ url: made['etl/headgate-redis']?.url })
})

helmTest('A password given is the password used', () => {
  expect(secrets(render({ 'postgresql.password': 'known-to-all' }))['etl/headgate-store']).toMatchObject({ password: 'known-to-all' })
})

helmTest('Data that outlives the release keeps its password', () => {
  const annotations = (values = {}) => ofKind('Secret', render(values)).map(({ metadata }) => metadata.annotations)
  expect(annotations()).toEqual([undefined, undefined])
  expect(annotations({ 'postgresql.persistence.enabled': true })).toEqual([{ 'helm.sh/resource-policy': 'keep' }, undefined])
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
