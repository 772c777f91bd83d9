// The reflector under failures, with a scripted server and a fake clock.
import { expect, test } from 'vitest'
import { ApiError } from './api-error.ts'
import { Cache } from './cache.ts'
import type { KubeClient, WatchEvent, WatchOptions } from './client.ts'
import type { ConfigMap } from './objects.ts'
import { type ReflectorOptions, startReflector } from './reflector.ts'
import { configMaps } from './resources.ts'
import { fakeClock } from './testing/clock.ts'

type Step = WatchEvent<ConfigMap> | Error | 'end'

function map(name: string, resourceVersion: string, namespace = 'sales'): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, resourceVersion } }
}

const modified = (name: string, version: string): Step => ({ type: 'MODIFIED', object: map(name, version) })
const deleted = (name: string, version: string): Step => ({ type: 'DELETED', object: map(name, version) })
const bookmark = (resourceVersion: string): Step => ({ type: 'BOOKMARK', resourceVersion })
const failure = (status: number, reason: string) => new ApiError(status, reason, 'said no')

/** Lists and watches return scripted results, one entry per call; a watch at the end of its script waits until stopped. */
function scripted(lists: (ConfigMap[] | Error)[], watches: (Step | Promise<Step>)[][]) {
  const asked: string[] = []
  const client = {
    list: async () => {
      asked.push('list')
      const items = lists.length > 1 ? lists.shift() : lists[0]
      if (items instanceof Error) throw items
      return { items: items ?? [], resourceVersion: '10', continue: undefined }
    },
    watch: async function* (_: unknown, { resourceVersion, signal }: WatchOptions) {
      asked.push(`watch ${resourceVersion}`)
      for (const next of watches.shift() ?? []) {
        const step = await next
        if (step instanceof Error) throw step
        if (step === 'end') return
        yield step
      }
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    },
  } as unknown as Pick<KubeClient, 'list' | 'watch'>
  return { client, asked }
}

function start(script: ReturnType<typeof scripted>, more: Partial<ReflectorOptions<ConfigMap, string>> = {}) {
  const clock = fakeClock()
  const cache = more.cache ?? new Cache<string>()
  const told: string[] = []
  const problems: string[] = []
  const reflector = startReflector<ConfigMap, string>({
    client: script.client,
    resource: configMaps,
    keep: (object) => object.metadata.resourceVersion ?? '',
    cache,
    onChange: (key, kept, before) => told.push(`${key} ${before ?? '-'} ${kept ?? '-'}`),
    report: (where, error) => problems.push(`${where}: ${(error as Error).message}`),
    clock,
    random: () => 0.5,
    ...more,
  })
  return { clock, cache, told, problems, reflector, asked: script.asked }
}

test('Announces every version once, a deletion with the previous entry, and resumes an ended watch from its last version', async () => {
  const script = scripted([[map('a', '1'), map('b', '2')]], [[modified('a', '11'), modified('a', '11'), deleted('b', '12'), bookmark('20'), 'end']])
  const { clock, told, asked, reflector, problems } = start(script)
  await clock.advance(0)
  await reflector.stop()
  expect(told).toEqual(['sales/a - 1', 'sales/b - 2', 'sales/a 1 11', 'sales/b 2 -'])
  expect(asked).toEqual(['list', 'watch 10', 'watch 20'])
  expect(problems).toEqual([])
})

test('Is synced after the first successful list', async () => {
  const { clock, reflector, asked, problems } = start(scripted([failure(403, 'Forbidden'), failure(0, 'Unreachable'), []], []))
  await clock.advance(0)
  expect(reflector.isSynced).toBe(false)
  await clock.advance(60_000)
  await reflector.synced
  expect(asked.filter((what) => what === 'list').length).toBe(3)
  expect(problems).toEqual(['watch configmaps: said no', 'watch configmaps: said no'])
  await reflector.stop()
})

test('Lists again after an expired version, and announces missing objects as deleted', async () => {
  const script = scripted(
    [
      [map('a', '1'), map('b', '2')],
      [map('b', '2'), map('c', '13')],
    ],
    [[failure(410, 'Expired')]],
  )
  const { clock, told, cache, asked, reflector } = start(script)
  await clock.advance(1000)
  await reflector.stop()
  expect(asked).toEqual(['list', 'watch 10', 'list', 'watch 10'])
  expect(told.slice(2)).toEqual(['sales/c - 13', 'sales/a 1 -'])
  expect([...cache.keys()]).toEqual(['sales/b', 'sales/c'])
})

test.each([
  ['a broken connection', failure(0, 'Unreachable'), 1],
  ['a silent connection', failure(0, 'Timeout'), 1],
  ['a server that is busy', failure(429, 'TooManyRequests'), 1],
  ['a server that refuses the request', failure(403, 'Forbidden'), 1],
  ['garbage', failure(0, 'InvalidResponse'), 2],
  ['an internal error', failure(500, 'InternalError'), 2],
  ['an internal TypeError', new TypeError('oops'), 2],
])('After %s watches again from the same version, and lists again only if the version may be the cause', async (_, error, lists) => {
  const { clock, asked, reflector } = start(scripted([[]], [[error], [error], [error]]))
  await clock.advance(10_000)
  await reflector.stop()
  expect(asked.slice(0, 4)).toEqual(['list', 'watch 10', 'watch 10', 'watch 10'])
  expect(asked.filter((what) => what === 'list').length).toBe(lists)
})

test('The delay grows with each failure up to 30 seconds, and is reset by an event', async () => {
  const broken = failure(0, 'Unreachable')
  const script = scripted([[]], [...Array.from({ length: 10 }, () => [broken]), [modified('a', '11'), broken]])
  const { clock, asked, reflector } = start(script, { random: () => 1 })
  const times: number[] = []
  await clock.advance(0)
  for (let known = 1; asked.at(-1) !== 'watch 11'; await clock.advance(100)) {
    while (known < asked.length) times[known++ - 1] = clock.monotonic()
  }
  await reflector.stop()
  times.push(clock.monotonic())
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0))
  expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000, 200])
})

test('The delay is also reset by a long-lived watch without events', async () => {
  const broken = failure(0, 'Unreachable')
  const well = Promise.withResolvers<Step>()
  const script = scripted([[]], [[broken], [broken], [broken], [well.promise]])
  const { clock, asked, reflector } = start(script, { random: () => 1 })
  await clock.advance(0)
  await clock.advance(200 + 400 + 800)
  expect(asked).toHaveLength(5)
  await clock.advance(2000)
  well.resolve(broken)
  await clock.advance(200)
  expect(asked).toHaveLength(6)
  await reflector.stop()
})

test('A watch that the server repeatedly ends at once is not retried in a tight loop', async () => {
  const { clock, asked, reflector } = start(
    scripted(
      [[]],
      Array.from({ length: 1000 }, () => ['end' as const]),
    ),
  )
  await clock.advance(10_000)
  await reflector.stop()
  expect(asked.length).toBeLessThan(12)
})

test('Errors from an unreadable object or a handler are reported, and the reflector continues', async () => {
  const script = scripted([[map('bad', '1'), { kind: 'ConfigMap' } as ConfigMap, map('a', '2')]], [[modified('bad', '11'), modified('a', '12')]])
  const keep = (object: ConfigMap) => {
    if (object.metadata.name === 'bad') throw new Error('unreadable')
    return object.metadata.resourceVersion ?? ''
  }
  const told: string[] = []
  const onChange = (key: string) => {
    told.push(key)
    throw new Error('handler')
  }
  const { clock, cache, reflector, problems } = start(script, { keep, onChange })
  await clock.advance(0)
  await reflector.stop()
  expect([cache.get('sales/a'), cache.size, told]).toEqual(['12', 1, ['sales/a', 'sales/a']])
  expect(problems).toHaveLength(5)
})

test('Each resync announces every entry again, as unchanged', async () => {
  const { clock, told, reflector } = start(scripted([[map('a', '1')]], []), { resyncMs: 60_000 })
  await clock.advance(120_000)
  await reflector.stop()
  await clock.advance(120_000)
  expect(told).toEqual(['sales/a - 1', 'sales/a 1 1', 'sales/a 1 1'])
})

test('Reflectors of two namespaces share a cache without affecting each other', async () => {
  const cache = new Cache<string>()
  const other = start(scripted([[map('a', '1', 'ops')]], []), { cache, namespace: 'ops' })
  await other.clock.advance(0)
  const { clock, told, reflector } = start(scripted([[map('a', '1')], []], [[failure(410, 'Expired')]]), { cache, namespace: 'sales' })
  await clock.advance(1000)
  await Promise.all([reflector.stop(), other.reflector.stop()])
  expect(told).toEqual(['sales/a - 1', 'sales/a 1 -'])
  expect([...cache.keys()]).toEqual(['ops/a'])
})
