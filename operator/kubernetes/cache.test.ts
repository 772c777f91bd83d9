// Lookups in the cache by key and by index.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cache } from './cache.ts'
import { keyOf, microTime, partsOf } from './objects.ts'
import { pathOf, pipelineRuns, pods, resource } from './resources.ts'

type Kept = { run?: string; nodes: string[] }

const indexes = { run: (kept: Kept) => kept.run, node: (kept: Kept) => kept.nodes, key: (_: Kept, key: string) => key }

test('set returns the previous entry and updates every index', () => {
  const cache = new Cache<Kept>(indexes)
  const first = { run: 'r1', nodes: ['n1', 'n2'] }
  const second = { nodes: ['n2', 'n3'] }
  expect(cache.set('sales/a', first, '1')).toBeUndefined()
  expect([cache.byIndex('run', 'r1'), cache.byIndex('node', 'n2'), cache.byIndex('key', 'sales/a')]).toEqual([[first], [first], [first]])
  expect(cache.set('sales/a', second, '2')).toBe(first)
  expect([cache.byIndex('run', 'r1'), cache.byIndex('node', 'n1'), cache.byIndex('node', 'n3')]).toEqual([[], [], [second]])
  expect(cache.delete('sales/a')).toBe(second)
  expect([cache.byIndex('node', 'n3'), cache.size, cache.get('sales/a')]).toEqual([[], 0, undefined])
})

test('A lookup in an undeclared index throws', () => {
  expect(() => new Cache(indexes).byIndex('pipeline', 'a')).toThrow('no index pipeline')
})

test('After any changes, an index lookup returns the same entries as a full scan', () => {
  const kept = fc.record({ run: fc.constantFrom('r1', 'r2'), nodes: fc.subarray(['n1', 'n2', 'n3']) })
  const change = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(kept, { nil: undefined }))
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const cache = new Cache<Kept>(indexes)
      for (const [key, value] of changes) value === undefined ? cache.delete(key) : cache.set(key, value, '')
      for (const node of ['n1', 'n2', 'n3']) {
        const searched = [...cache.keys()].filter((key) => cache.get(key)?.nodes.includes(node))
        expect(cache.keysByIndex('node', node).sort()).toEqual(searched.sort())
      }
    }),
  )
})

test.each([
  [pods, { namespace: 'sales' }, '/api/v1/namespaces/sales/pods'],
  [pods, {}, '/api/v1/pods'],
  [pipelineRuns, { namespace: 'sales', name: 'a', subresource: 'status' }, '/apis/headgate.dev/v1alpha1/namespaces/sales/pipelineruns/a/status'],
  [resource('v1', 'namespaces', 'Namespace', false), { namespace: 'ignored', name: 'sales' }, '/api/v1/namespaces/sales'],
])('Paths are those of the API server', (resource, place, path) => {
  expect(pathOf(resource, place)).toBe(path)
})

test('A key consists of namespace and name, and can be split again', () => {
  expect([keyOf({ metadata: { name: 'a', namespace: 'b' } }), keyOf({ metadata: { name: 'a' } })]).toEqual(['b/a', 'a'])
  expect([partsOf('b/a'), partsOf('a')]).toEqual([{ namespace: 'b', name: 'a' }, { name: 'a' }])
  expect(microTime(0)).toBe('1970-01-01T00:00:00.000000Z')
})
