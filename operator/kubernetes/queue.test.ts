// What a controller may rely on: order, no key twice at once, later tries, an end that waits.
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

test('Keys come in the order in which they were added first, each once', async () => {
  const { queue } = queueOf()
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
  expect(await takeAll(queue)).toEqual(['a', 'b', 'c'])
})

test('A key that is added while it is worked on comes again when it is done, once, and not before', async () => {
  const { queue } = queueOf()
  queue.add('a')
  await queue.take()
  queue.add('a')
  queue.add('a')
  expect(queue.depth).toBe(0)
  queue.done('a')
  expect(await takeAll(queue)).toEqual(['a'])
})

test('A worker that waits gets the next key', async () => {
  const { queue } = queueOf()
  const waiting = [queue.take(), queue.take()]
  queue.add('a')
  queue.add('b')
  expect(await Promise.all(waiting)).toEqual(['a', 'b'])
  expect(queue.depth).toBe(0)
})

test('Of several times to come back the earliest counts', async () => {
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

test('A time further off than a timer can hold is waited for', async () => {
  const { clock, queue } = queueOf()
  const days = 24 * 3600_000
  queue.addAfter('a', 60 * days)
  await clock.advance(59 * days)
  expect(queue.depth).toBe(0)
  await clock.advance(1 * days)
  expect(queue.depth).toBe(1)
})

test('A key that fails comes back later each time, up to a bound, until it is forgotten', async () => {
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

test('All failing keys together are tried again no faster than the bucket allows', async () => {
  const { clock, queue } = queueOf({ initialMs: 1, maxMs: 1, perSecond: 10, burst: 5 })
  for (let key = 0; key < 25; key++) queue.addRateLimited(`key-${key}`)
  await clock.advance(10)
  expect(queue.depth).toBe(5)
  await clock.advance(1000)
  expect(queue.depth).toBe(15)
  await clock.advance(1000)
  expect(queue.depth).toBe(25)
})

test('Shutting down waits for what was taken, hands out nothing more and drops what was planned', async () => {
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

test('A worker that waits when the queue is shut down is told so', async () => {
  const { queue } = queueOf()
  const waiting = queue.take()
  await queue.shutdown()
  expect(await waiting).toBeUndefined()
})

test('Whatever is added and done in whatever order, no key is out twice and none that was added is lost', async () => {
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
