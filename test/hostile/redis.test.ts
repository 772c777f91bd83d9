// What a tenant who shares the Redis can do to the operator: nothing but show nonsense about the progress of a run.
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { progressTotalField, redisKeys } from '../../crds/wire/redis-keys.ts'
import { maxProgressBytes, maxProgressFields, openRedisProgress } from '../../operator/progress-source.ts'
import { freshRedis } from '../support/redis.ts'

const redis = await freshRedis()
const progress = openRedisProgress(redis.url)
afterAll(() => progress.close())
const [victim, other] = ['tenant-a/orders-1', 'tenant-b/orders-1']
const slice = JSON.stringify({ slice: 0, read: 10, loaded: 10, unchanged: 0, quarantined: 0, bytes: 1 })

beforeEach(async () => {
  await redis.client.flushall()
  await vi.waitFor(() => progress.read([other]), { timeout: 10_000 })
  await redis.client.hset(redisKeys.progress(other), { 0: slice, [progressTotalField]: '{"slices":2}' })
})

const manyFields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, ordinal) => [ordinal, slice]))

test.each<[string, (key: string) => Promise<unknown>]>([
  ['more slices than are read', (key) => redis.client.hset(key, manyFields(maxProgressFields + 1))],
  ['one value of many bytes', (key) => redis.client.hset(key, { 0: 'x'.repeat(maxProgressBytes) })],
  ['one name of many bytes', (key) => redis.client.hset(key, { ['x'.repeat(maxProgressBytes)]: slice })],
  ['a string', (key) => redis.client.set(key, 'x')],
  ['a list', (key) => redis.client.rpush(key, slice)],
])('A progress key that holds %s is left out, and other runs are shown all the same', async (_, plant) => {
  await plant(redisKeys.progress(victim))
  const found = await progress.read([victim, other])
  expect([...found.keys()]).toEqual([other])
  expect(found.get(other)).toMatchObject({ records: { read: 10 }, slices: { total: 2 } })
})

test('Counts whose sum is not a whole number are not shown', async () => {
  const huge = JSON.stringify({ read: Number.MAX_SAFE_INTEGER, loaded: 1 })
  await redis.client.hset(redisKeys.progress(victim), { 0: huge, 1: huge, constructor: huge, __proto__: huge })
  const { records } = (await progress.read([victim])).get(victim) ?? {}
  expect(Number.isSafeInteger(records?.read)).toBe(true)
  expect(records).toMatchObject({ unchanged: 0 })
})

test('Everything read in one round trip fits the limits', async () => {
  await redis.client.hset(redisKeys.progress(victim), manyFields(3_000))
  expect((await progress.read([victim])).get(victim)?.records?.read).toBe(30_000)
})
