import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { progressTotalField, redisKeys } from '../crds/wire/redis-keys.ts'
import { freshRedis } from '../test/support/redis.ts'
import { openRedisProgress, sumOf } from './progress-source.ts'

const redis = await freshRedis()
const progress = openRedisProgress(redis.url)
afterAll(() => progress.close())
beforeEach(async () => {
  await redis.client.flushall()
  await vi.waitFor(() => progress.read(['sales/orders-1']), { timeout: 10_000 })
})

const slice = (ordinal: number, read: number, more: object = {}) =>
  JSON.stringify({ slice: ordinal, read, loaded: read - 3, unchanged: 2, quarantined: 1, bytes: 100, ...more })

describe('progress', () => {
  test('is the sum over the slices of each run, and missing for runs without reports', async () => {
    await redis.client.hset(redisKeys.progress('sales/orders-1'), {
      0: slice(0, 10, { done: true }),
      1: slice(1, 20, { superseded: 7 }),
      [progressTotalField]: '{"slices":4}',
    })
    await redis.client.hset(redisKeys.progress('sales/orders-2'), { 0: slice(0, 5) })
    const found = await progress.read(['sales/orders-1', 'sales/none', 'sales/orders-2'])
    expect([...found.keys()]).toEqual(['sales/orders-1', 'sales/orders-2'])
    expect(found.get('sales/orders-1')).toEqual({
      records: { read: 30, loaded: 24, unchanged: 4, superseded: 7, filtered: 0, quarantined: 2, parked: 0 },
      slices: { total: 4, done: 1 },
    })
    expect(found.get('sales/orders-2')?.slices).toBeUndefined()
  })

  test.each([
    ['no JSON', { 0: 'x' }],
    ['another kind of JSON', { 0: '[1]', 1: 'null', 2: '7' }],
    ['counts that are none', { 0: '{"read":-1,"loaded":"9","unchanged":1.5,"quarantined":1e300}' }],
    ['a total that is none', { [progressTotalField]: '{"slices":"many"}' }],
  ])('that holds %s counts as nothing', (_, fields) => {
    expect(sumOf(fields as Record<string, string>)).toEqual({
      records: { read: 0, loaded: 0, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0 },
    })
  })

  test('cannot be read while Redis is down or hangs, and can again afterwards', async () => {
    await redis.stop()
    await expect(progress.read(['sales/orders-1'])).rejects.toThrow()
    await redis.start()
    await vi.waitFor(() => progress.read(['sales/orders-1']), { timeout: 10_000 })
    redis.freeze()
    await expect(progress.read(['sales/orders-1'])).rejects.toThrow()
    redis.thaw()
    await vi.waitFor(() => progress.read(['sales/orders-1']), { timeout: 10_000 })
  })
})

test('cancelling leaves the token of the run for its workers, for a day', async () => {
  await progress.cancel('sales/orders-1', 'secret')
  expect(await redis.client.get(redisKeys.cancel('sales/orders-1'))).toBe('secret')
  expect(await redis.client.pttl(redisKeys.cancel('sales/orders-1'))).toBeGreaterThan(80_000_000)
  await redis.stop()
  await expect(progress.cancel('sales/orders-1', 'secret')).rejects.toThrow()
  await redis.start()
})
