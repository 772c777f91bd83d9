// The guarantees of the work queue: order, exclusive processing, delayed retries, graceful shutdown.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WorkQueue } from './queue.ts'
import { fakeClock } from './testing/clock.ts'

function queueOf(limits = {}) {
  const clock = fakeClock()
  return { clock, queue: new WorkQueue({ name: 'runs', clock, random: () => 1, limits }) }
}

async function takeAll(queue: WorkQueue): Promise<string[]> {
  const taken: string[] = []
  while (queue.depth > 0) {
    const key = await queue.take()
    if (key === undefined) break
    taken.push(key)
    queue.done(key)
  }
  return taken
}

test('Keys are taken once each, in the order in which they were first added', async () => {
  const { queue } = queueOf()
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
  expect(await takeAll(queue)).toEqual(['a', 'b', 'c'])
})

test('A key that is added while being processed is queued once more when done', async () => {
  const { queue } = queueOf()
  queue.add('a')
  await queue.take()
  queue.add('a')
  queue.add('a')
  expect(queue.depth).toBe(0)
  queue.done('a')
  expect(await takeAll(queue)).toEqual(['a'])
})

test('A waiting worker gets the next key', async () => {
  const { queue } = queueOf()
  const waiting = [queue.take(), queue.take()]
  queue.add('a')
  queue.add('b')
  expect(await Promise.all(waiting)).toEqual(['a', 'b'])
  expect(queue.depth).toBe(0)
})

test('Of several delays for a key the earliest applies', async () => {
  const { clock, queue } = queueOf()
  queue.addAfter('a', 5000)
  queue.addAfter('a', 1000)
  queue.addAfter('a', 3000)
  await clock.advance(999)
  expect(queue.depth).toBe(0)
  await clock.advance(1)
  expect(await takeAll(queue)).toEqual(['a'])
  await clock.advance(10_000)
  expect(queue.depth).toBe(0)
})

test('A delay longer than the maximum of a timer is respected', async () => {
  const { clock, queue } = queueOf()
  const days = 24 * 3600_000
  queue.addAfter('a', 60 * days)
  await clock.advance(59 * days)
  expect(queue.depth).toBe(0)
  await clock.advance(1 * days)
  expect(queue.depth).toBe(1)
})

test('The delay of a failing key grows up to a maximum, until it is reset', async () => {
  const { clock, queue } = queueOf({ initialMs: 100, maxMs: 1000 })
  const waits: number[] = []
  const fail = async () => {
    queue.addRateLimited('a')
    let wait = 0
    for (; queue.depth === 0; wait += 50) await clock.advance(50)
    waits.push(wait)
    await takeAll(queue)
  }
  for (let time = 0; time < 6; time++) await fail()
  expect(queue.retries('a')).toBe(6)
  queue.forget('a')
  await fail()
  expect(waits).toEqual([100, 200, 400, 800, 1000, 1000, 100])
})

test('The retries of all failing keys together are limited by the token bucket', async () => {
  const { clock, queue } = queueOf({ initialMs: 1, maxMs: 1, perSecond: 10, burst: 5 })
  for (let key = 0; key < 25; key++) queue.addRateLimited(`key-${key}`)
  await clock.advance(10)
  expect(queue.depth).toBe(5)
  await clock.advance(1000)
  expect(queue.depth).toBe(15)
  await clock.advance(1000)
  expect(queue.depth).toBe(25)
})

test('shutdown waits for keys being processed, hands out no more and drops delayed ones', async () => {
  const { clock, queue } = queueOf()
  queue.add('a')
  queue.add('b')
  queue.addAfter('c', 10)
  await queue.take()
  let over = false
  const shutdown = queue.shutdown().then(() => {
    over = true
  })
  expect(await queue.take()).toBeUndefined()
  await clock.advance(100)
  queue.add('d')
  expect([over, queue.depth]).toEqual([false, 0])
  queue.done('a')
  await shutdown
  expect(await queue.take()).toBeUndefined()
})

test('A waiting worker gets undefined when the queue is shut down', async () => {
  const { queue } = queueOf()
  const waiting = queue.take()
  await queue.shutdown()
  expect(await waiting).toBeUndefined()
})

test('With any order of add and done, no key is taken twice at once and none is lost', async () => {
  const actions = fc.array(fc.tuple(fc.constantFrom('add', 'take', 'done', 'later'), fc.integer({ min: 0, max: 3 })), { maxLength: 100 })
  await fc.assert(
    fc.asyncProperty(actions, async (steps) => {
      const { clock, queue } = queueOf()
      const out = new Set<string>()
      const owed = new Set<string>()
      const take = async () => {
        const key = (await queue.take()) ?? ''
        expect(out.has(key)).toBe(false)
        out.add(key)
        owed.delete(key)
      }
      for (const [action, number] of steps) {
        const key = `key-${number}`
        if (action === 'take' && queue.depth > 0) await take()
        if (action === 'done' && out.delete(key)) queue.done(key)
        if (action === 'add' || action === 'later') owed.add(key)
        if (action === 'add') queue.add(key)
        if (action === 'later') queue.addAfter(key, 10)
      }
      await clock.advance(10)
      for (const key of out) queue.done(key)
      out.clear()
      while (queue.depth > 0) await take()
      expect([...owed]).toEqual([])
    }),
  )
})
