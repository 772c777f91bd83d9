import { expect, test } from 'vitest'
import { concurrencyOf, retentionOf, retryPolicy, runSettings, scheduleOf } from './defaults.ts'
import type { PipelineSpec } from './pipeline.ts'

const bare: PipelineSpec = { source: {}, schema: { fields: [] }, destination: { postgres: { table: 't' } } }

test('an empty pipeline gets the documented defaults', () => {
  expect(runSettings(bare)).toEqual({
    workers: 1,
    batchSize: 50_000,
    startDeadlineMilliseconds: 600_000,
    timeoutMilliseconds: undefined,
    storeSecret: { name: 'headgate-store', key: 'url' },
    redisSecret: { name: 'headgate-redis', key: 'url' },
  })
  expect(scheduleOf(bare)).toBeUndefined()
  expect(concurrencyOf(bare)).toBe('Queue')
  const day = 86_400_000
  expect(retentionOf(bare)).toEqual({ runsMilliseconds: 90 * day, quarantineMilliseconds: 365 * day, evidenceMilliseconds: 30 * day })
  expect(retryPolicy(bare)).toEqual({ limit: 5, initialMilliseconds: 1000, maxMilliseconds: 300_000 })
})

test('declared values override the defaults', () => {
  const spec: PipelineSpec = {
    ...bare,
    schedule: { cron: '@daily', timeZone: 'Europe/Berlin', suspend: true, concurrency: 'Skip', catchUp: 0 },
    destination: { postgres: { table: 't', secretRef: { name: 'warehouse' } } },
    redis: { secretRef: { name: 'shared' } },
    workers: 4,
    batchSize: 10,
    startDeadline: '30s',
    timeout: '2h',
    retention: { runs: '1d' },
    retry: { limit: 0, backoff: { max: '1m' } },
  }
  expect(runSettings(spec)).toEqual({
    workers: 4,
    batchSize: 10,
    startDeadlineMilliseconds: 30_000,
    timeoutMilliseconds: 7_200_000,
    storeSecret: { name: 'warehouse', key: 'url' },
    redisSecret: { name: 'shared', key: 'url' },
  })
  expect(scheduleOf(spec)).toEqual({ cron: '@daily', timeZone: 'Europe/Berlin', suspend: true, concurrency: 'Skip', catchUp: 0 })
  expect(retentionOf(spec)).toMatchObject({ runsMilliseconds: 86_400_000, quarantineMilliseconds: 365 * 86_400_000 })
  expect(retryPolicy(spec)).toEqual({ limit: 0, initialMilliseconds: 1000, maxMilliseconds: 60_000 })
})
