import { afterAll, expect, test } from 'vitest'
import { redisKeys } from '../../../crds/wire/redis-keys.ts'
import { freshRedis } from '../../../test/support/redis.ts'
import type { CachedRun } from '../../cache/runs.ts'
import { systemClock } from '../../kubernetes/clock.ts'
import { openRedisProgress } from '../../progress-source.ts'
import { ProgressBook } from './book.ts'
import { lookAtProgress } from './progress.ts'

const redis = await freshRedis()
const source = openRedisProgress(redis.url)
afterAll(() => source.close())

const name = 'sales/orders-1'
const report = (slice: number, read: number) =>
  redis.client.hset(redisKeys.progress(name), slice, JSON.stringify({ slice, read, loaded: read, unchanged: 0, quarantined: 0, bytes: 0 }))

function operator(status: CachedRun['status'], uid = 'uid-1'): { look(): Promise<number | undefined>; run: { uid: string } } {
  const run = { uid }
  const runs = {
    keysByIndex: (_index: string, phase: string) => (phase === 'Running' ? [name] : []),
    get: () =>
      ({
        metadata: { name: 'orders-1', namespace: 'sales', uid: run.uid, resourceVersion: '1', creationTimestamp: '' },
        spec: {},
        ...(status && { status }),
      }) as unknown as CachedRun,
  }
  const progress = new ProgressBook()
  const progressSources = [{ name: 'redis', source }]
  const lookOnce = lookAtProgress({ progress, progressSources, caches: { runs }, onProgressAnswer: () => {}, clock: systemClock, random: () => 0.5 })
  const look = async () => {
    await lookOnce()
    return progress.latest(name)?.records?.read
  }
  return { look, run }
}

test('After Redis lost its data, progress never decreases and continues when the reporting slices have caught up', async () => {
  await report(0, 600)
  await report(1, 400)
  const { look } = operator(undefined)
  await expect.poll(look, { timeout: 10_000 }).toBe(1000)
  await redis.client.flushall()
  expect(await look()).toBe(1000)
  await report(1, 500)
  expect(await look()).toBe(1000)
  await report(0, 700)
  expect(await look()).toBe(1200)
})

test('A restarted operator continues from the progress in the status', async () => {
  await redis.client.flushall()
  await report(1, 500)
  const { look } = operator({
    phase: 'Running',
    records: { read: 800, loaded: 800, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0 },
  } as CachedRun['status'])
  expect(await look()).toBe(800)
})

test('A recreated run of the same name starts from zero', async () => {
  await redis.client.flushall()
  await report(0, 600)
  const { look, run } = operator(undefined)
  expect(await look()).toBe(600)
  await redis.client.flushall()
  await report(0, 5)
  run.uid = 'uid-2'
  expect(await look()).toBe(5)
})
