import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { redisKeys } from '../../crds/wire/redis-keys.ts'
import { freshRedis } from '../../test/support/redis.ts'
import { budgetName, RateBudget } from './budget.ts'
import { openRedis } from './redis-connection.ts'

const redis = await freshRedis()
const script = join(import.meta.dirname, 'testing/take.ts')

async function takeInAnotherProcess(name: string, settings: { perSecond: number; burst: number; times: number }): Promise<number[]> {
  const args = [redis.url, name, settings.perSecond, settings.burst, settings.times].map(String)
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args])
  return JSON.parse(stdout) as number[]
}

it('limits several processes together to the budget', async () => {
  const [perSecond, burst, times] = [50, 10, 20]
  const began = Date.now()
  const due = (await Promise.all([1, 2, 3].map(() => takeInAnotherProcess('shared', { perSecond, burst, times })))).flat().sort((one, other) => one - other)
  expect(due).toHaveLength(60)
  // The n-th request beyond the burst is due n intervals after the start, or later.
  const early = due.filter((at, index) => at < began + ((index + 1 - burst) * 1000) / perSecond - 2)
  expect(early).toEqual([])
})

it('serves callers in order, and lets an unused budget expire', async () => {
  const connection = openRedis(redis.url, 'test', () => {})
  await new Promise((resolve) => connection.redis.once('ready', resolve))
  const budget = new RateBudget({ name: 'turns', perSecond: 0.1, burst: 1, workers: 1 }, connection)
  const waits = [await budget.take(1), await budget.take(1), await budget.take(2)]
  expect(waits[0]).toBe(0)
  expect(waits[1]).toBeGreaterThan(9000)
  expect((waits[2] as number) - (waits[1] as number)).toBeGreaterThan(19_000)
  expect(await redis.client.pttl(redisKeys.budget('turns'))).toBeGreaterThan(30_000)
  connection.close()
})

it.each([
  { what: 'is not available', connection: () => openRedis('redis://127.0.0.1:1', 'test', () => {}) },
  { what: 'is not configured', connection: () => undefined },
])('limits each worker to its part of the budget when Redis $what', async ({ connection }) => {
  const link = connection()
  const budget = new RateBudget({ name: 'alone', perSecond: 4, burst: 4, workers: 4 }, link)
  expect(await budget.take(1)).toBe(0)
  const wait = await budget.take(1)
  expect(wait).toBeGreaterThan(0)
  expect(wait).toBeLessThanOrEqual(1000)
  link?.close()
})

it('is identified by host and credential', () => {
  expect(budgetName('API.example', 'partner')).toBe('api.example/partner')
  expect(budgetName('api.example', undefined)).not.toBe(budgetName('api.example', 'partner'))
})
