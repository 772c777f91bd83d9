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

function coordination(more: { doubtMilliseconds?: number } = {}): RedisCoordination {
  const onTrouble = (message: string) => void troubles.push(message)
  const made = new RedisCoordination({ url: redis.url, name: 'pod', onTrouble, leaseMilliseconds, beatMilliseconds, ...more })
  opened.push(made)
  return made
}

/** A worker that Redis has heard of. */
async function living(made: RedisCoordination): Promise<string> {
  const worker = made.newWorker()
  made.begin(worker)
  await expect.poll(() => redis.client.exists(redisKeys.worker(worker)), { timeout: 10_000 }).toBe(1)
  return worker
}

function holders(workers: readonly string[], expired = false) {
  return workers.map((worker) => ({ worker, expired }))
}

/** A worker that never was is gone as soon as Redis dares to say so. */
async function trusted(made: RedisCoordination): Promise<void> {
  await expect.poll(() => made.lapsed(holders(['never was'])), { timeout: 10_000 }).toEqual(['never was'])
}

it('tells the worker that gives no sign of life from the one that does, whatever the store thinks', async () => {
  const made = coordination()
  const worker = await living(made)
  await trusted(made)
  expect(await made.lapsed(holders([worker, 'never was', worker], true))).toEqual(['never was'])
})

it('does not believe a heartbeat for ever that the store does not confirm: others may write it', async () => {
  const made = coordination({ doubtMilliseconds: 300 })
  await trusted(made)
  await redis.client.set(redisKeys.worker('forged'), '1')
  await redis.client.set(redisKeys.worker('busy'), '1')
  expect(await made.lapsed(holders(['forged', 'busy'], true))).toEqual([])
  await expect
    .poll(async () => {
      // A sign of life in the store now and then is enough.
      await made.lapsed(holders(['busy'], false).concat(holders(['forged'], true)))
      return made.lapsed(holders(['busy', 'forged'], true))
    })
    .toEqual(['forged'])
})

it('lets what a worker held be taken at once when it has ended', async () => {
  const [made, other] = [coordination(), coordination()]
  const worker = await living(made)
  await trusted(other)
  expect(await other.lapsed(holders([worker]))).toEqual([])
  await made.end(worker)
  expect(await other.lapsed(holders([worker]))).toEqual([worker])
})

it.each([
  { what: 'wiped', happens: () => redis.client.flushall() },
  { what: 'started anew and empty', happens: () => redis.stop().then(redis.start) },
  { what: 'started anew with what it knew', happens: () => redis.stop({ keep: true }).then(redis.start) },
])('believes nobody dead because Redis was $what; the store tells meanwhile', async ({ happens }) => {
  const made = coordination()
  const worker = await living(made)
  await trusted(made)
  await happens()
  expect(await made.lapsed(holders(['never was', worker]))).toEqual([])
  expect(await made.lapsed(holders(['never was'], true))).toEqual(['never was'])
  await trusted(made)
  expect(await made.lapsed(holders([worker]))).toEqual([])
})

it('keeps its lease while the process is busy with something long', async () => {
  const worker = await living(coordination())
  blockThread(4 * leaseMilliseconds)
  expect(await redis.client.exists(redisKeys.worker(worker))).toBe(1)
})

it('loses its lease when the process hangs', async () => {
  const heartbeat = startHeartbeat({ url: redis.url, worker: 'hanging', beatMilliseconds, leaseMilliseconds, hangMilliseconds: 1500, onTrouble: () => {} })
  await expect.poll(() => redis.client.exists(redisKeys.worker('hanging')), { timeout: 10_000 }).toBe(1)
  blockThread(3000)
  expect(await redis.client.exists(redisKeys.worker('hanging'))).toBe(0)
  await expect.poll(() => redis.client.exists(redisKeys.worker('hanging')), { timeout: 10_000 }).toBe(1)
  await heartbeat.stop()
})

it('shows progress with the number of slices, again after Redis was wiped, and lets it go after a day', async () => {
  const made = coordination()
  const key = redisKeys.progress(run)
  await trusted(made)
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

it('hears that the run is to be cancelled', async () => {
  const made = coordination()
  await trusted(made)
  await redis.client.set(redisKeys.cancel(run), 'token')
  expect(await made.cancelRequested(run)).toBe(false)
  made.obeyCancel('token')
  expect(await made.cancelRequested(run)).toBe(true)
  expect(await made.cancelRequested('sales/orders-2')).toBe(false)
})

it.each([
  ['another word', (key: string) => redis.client.set(key, 'requested')],
  ['a beginning of the token', (key: string) => redis.client.set(key, 'toke')],
  ['a megabyte', (key: string) => redis.client.set(key, 'x'.repeat(1_000_000))],
  ['a list', (key: string) => redis.client.rpush(key, 'token')],
])('is not cancelled by %s under its key, which tenants who share the Redis can write', async (_, write) => {
  const made = coordination()
  await trusted(made)
  made.obeyCancel('token')
  await write(redisKeys.cancel(run))
  expect(await made.cancelRequested(run)).toBe(false)
})

it.each([
  { what: 'is down', away: () => redis.stop(), back: redis.start },
  { what: 'hangs', away: async () => redis.freeze(), back: async () => redis.thaw() },
])('fails nothing and says so once when Redis $what, and goes on when it is back', async ({ away, back }) => {
  const made = coordination()
  await trusted(made)
  await away()
  for (let call = 0; call < 20; call++) {
    made.saveProgress(run, { ...idle, read: call })
    expect(await made.lapsed(holders(['expired'], true))).toEqual(['expired'])
    expect(await made.cancelRequested(run)).toBe(false)
  }
  await expect.poll(() => troubles).toHaveLength(1)
  expect(troubles[0]).toContain('the run goes on')
  await back()
  await trusted(made)
  made.obeyCancel('token')
  await redis.client.set(redisKeys.cancel(run), 'token')
  expect(await made.cancelRequested(run)).toBe(true)
  expect(troubles).toHaveLength(1)
})

it('begins and ends where there was never a Redis', async () => {
  const made = new RedisCoordination({ url: 'redis://:secret@127.0.0.1:1', name: 'pod', onTrouble: (message) => troubles.push(message) })
  const worker = made.newWorker()
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
