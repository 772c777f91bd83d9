import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import { freshRedis } from '../../test/support/redis.ts'
import { startHeartbeat } from './heartbeat.ts'
import { RedisCoordination } from './redis.ts'

const redis = await freshRedis()
const leaseMilliseconds = 500
const beatMilliseconds = 100
const run = 'sales/orders-1'
const idle = { slice: 0, read: 0, loaded: 0, unchanged: 0, quarantined: 0, bytes: 0 }

let troubles: string[] = []
let opened: RedisCoordination[] = []

beforeEach(async () => {
  troubles = []
  await redis.client.flushall()
})

afterEach(async () => {
  await Promise.all(opened.map((coordination) => coordination.close()))
  opened = []
})

function coordination(more: { storeSilenceMilliseconds?: number } = {}): RedisCoordination {
  const onProblem = (message: string) => void troubles.push(message)
  const made = new RedisCoordination({ url: redis.url, name: 'pod', onProblem, leaseMilliseconds, beatMilliseconds, ...more })
  opened.push(made)
  return made
}

/** Starts a worker and waits for its first heartbeat in Redis. */
async function living(made: RedisCoordination): Promise<string> {
  const worker = made.newWorkerName()
  made.begin(worker)
  await expect.poll(() => redis.client.exists(redisKeys.worker(worker)), { timeout: 10_000 }).toBe(1)
  return worker
}

function holders(workers: readonly string[], expired = false) {
  return workers.map((worker) => ({ worker, expired }))
}

/** Waits until Redis is considered reliable: then it reports a worker that never existed as dead. */
async function untilReliable(made: RedisCoordination): Promise<void> {
  await expect.poll(() => made.lapsed(holders(['never existed'])), { timeout: 10_000 }).toEqual(['never existed'])
}

it('reports only the worker without a heartbeat as dead, whatever the leases in the store are', async () => {
  const made = coordination()
  const worker = await living(made)
  await untilReliable(made)
  expect(await made.lapsed(holders([worker, 'never existed', worker], true))).toEqual(['never existed'])
})

it('ignores a heartbeat that the store has not confirmed for a long time, because other tenants may write it', async () => {
  const made = coordination({ storeSilenceMilliseconds: 300 })
  await untilReliable(made)
  await redis.client.set(redisKeys.worker('forged'), '1')
  await redis.client.set(redisKeys.worker('busy'), '1')
  expect(await made.lapsed(holders(['forged', 'busy'], true))).toEqual([])
  await expect
    .poll(async () => {
      // An occasional renewal in the store is enough.
      await made.lapsed(holders(['busy'], false).concat(holders(['forged'], true)))
      return made.lapsed(holders(['busy', 'forged'], true))
    })
    .toEqual(['forged'])
})

it('reports a worker as dead as soon as it has ended', async () => {
  const [made, other] = [coordination(), coordination()]
  const worker = await living(made)
  await untilReliable(other)
  expect(await other.lapsed(holders([worker]))).toEqual([])
  await made.end(worker)
  expect(await other.lapsed(holders([worker]))).toEqual([worker])
})

it.each([
  { what: 'wiped', happens: () => redis.client.flushall() },
  { what: 'restarted without its data', happens: () => redis.stop().then(redis.start) },
  { what: 'restarted with its data', happens: () => redis.stop({ keep: true }).then(redis.start) },
])('uses the leases in the store for a while after Redis was $what', async ({ happens }) => {
  const made = coordination()
  const worker = await living(made)
  await untilReliable(made)
  await happens()
  expect(await made.lapsed(holders(['never existed', worker]))).toEqual([])
  expect(await made.lapsed(holders(['never existed'], true))).toEqual(['never existed'])
  await untilReliable(made)
  expect(await made.lapsed(holders([worker]))).toEqual([])
})

it('keeps its lease while the main thread is blocked for longer than the lease', async () => {
  const worker = await living(coordination())
  blockThread(4 * leaseMilliseconds)
  expect(await redis.client.exists(redisKeys.worker(worker))).toBe(1)
})

it('loses its lease when the process hangs', async () => {
  const heartbeat = startHeartbeat({ url: redis.url, worker: 'hanging', beatMilliseconds, leaseMilliseconds, hangMilliseconds: 1500, onProblem: () => {} })
  await expect.poll(() => redis.client.exists(redisKeys.worker('hanging')), { timeout: 10_000 }).toBe(1)
  blockThread(3000)
  expect(await redis.client.exists(redisKeys.worker('hanging'))).toBe(0)
  await expect.poll(() => redis.client.exists(redisKeys.worker('hanging')), { timeout: 10_000 }).toBe(1)
  await heartbeat.stop()
})

it('writes progress with the number of slices, also after Redis was wiped, and lets it expire after a day', async () => {
  const made = coordination()
  const key = redisKeys.progress(run)
  await untilReliable(made)
  made.planned(run, 3)
  made.saveProgress(run, { ...idle, slice: 2, read: 10, loaded: 10, position: 77 })
  await expect
    .poll(() => redis.client.hgetall(key))
    .toEqual({ total: '{"slices":3}', 2: JSON.stringify({ ...idle, slice: 2, read: 10, loaded: 10, position: 77 }) })
  expect(await redis.client.pttl(key)).toBeGreaterThan(86_000_000)
  await redis.client.flushall()
  made.saveProgress(run, { ...idle, slice: 1, position: 'x'.repeat(2000) })
  await expect.poll(() => redis.client.hgetall(key)).toEqual({ total: '{"slices":3}', 1: JSON.stringify({ ...idle, slice: 1 }) })
})

it('sees a request to cancel the run', async () => {
  const made = coordination()
  await untilReliable(made)
  await redis.client.set(redisKeys.cancel(run), 'token')
  expect(await made.cancelRequested(run)).toBe(false)
  made.setCancelToken('token')
  expect(await made.cancelRequested(run)).toBe(true)
  expect(await made.cancelRequested('sales/orders-2')).toBe(false)
})

it.each([
  ['another word', (key: string) => redis.client.set(key, 'requested')],
  ['a prefix of the token', (key: string) => redis.client.set(key, 'toke')],
  ['a megabyte', (key: string) => redis.client.set(key, 'x'.repeat(1_000_000))],
  ['a list', (key: string) => redis.client.rpush(key, 'token')],
])('ignores %s under the key of the cancel request, which all tenants of the Redis can write', async (_, write) => {
  const made = coordination()
  await untilReliable(made)
  made.setCancelToken('token')
  await write(redisKeys.cancel(run))
  expect(await made.cancelRequested(run)).toBe(false)
})

it.each([
  { what: 'is down', away: () => redis.stop(), back: redis.start },
  { what: 'hangs', away: async () => redis.freeze(), back: async () => redis.thaw() },
])('throws no error and reports the outage once when Redis $what, and recovers afterwards', async ({ away, back }) => {
  const made = coordination()
  await untilReliable(made)
  await away()
  for (let call = 0; call < 20; call++) {
    made.saveProgress(run, { ...idle, read: call })
    expect(await made.lapsed(holders(['expired'], true))).toEqual(['expired'])
    expect(await made.cancelRequested(run)).toBe(false)
  }
  await expect.poll(() => troubles).toHaveLength(1)
  expect(troubles[0]).toContain('the run continues')
  await back()
  await untilReliable(made)
  made.setCancelToken('token')
  await redis.client.set(redisKeys.cancel(run), 'token')
  expect(await made.cancelRequested(run)).toBe(true)
  expect(troubles).toHaveLength(1)
})

it('starts and ends without an available Redis', async () => {
  const made = new RedisCoordination({ url: 'redis://:secret@127.0.0.1:1', name: 'pod', onProblem: (message) => troubles.push(message) })
  const worker = made.newWorkerName()
  made.begin(worker)
  made.planned(run, 1)
  made.saveProgress(run, idle)
  await sleep(300)
  await made.end(worker)
  await made.close()
  expect(troubles).toEqual([expect.stringContaining('ECONNREFUSED')])
  expect(troubles.join()).not.toContain('secret')
})

function blockThread(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
