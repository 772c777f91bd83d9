import { describe, expect, test } from 'vitest'
import { operatorConfig } from './config.ts'

const least = { HEADGATE_WORKER_IMAGE: 'headgate:1', HEADGATE_NAMESPACE: 'headgate', HEADGATE_POD_NAME: 'operator-0' }

describe('the operator’s environment', () => {
  test('needs an image and a namespace, and has an answer for everything else', () => {
    expect(operatorConfig(least)).toEqual({
      workerImage: 'headgate:1',
      namespace: 'headgate',
      watchNamespaces: [],
      maxActiveRuns: 100,
      jobTtlMs: 86_400_000,
      storeUrl: undefined,
      redisUrl: undefined,
      metricsPort: 8080,
      podName: 'operator-0',
      identity: expect.stringMatching(/^operator-0-[0-9a-f]{8}$/),
      leaseName: 'headgate-operator',
      leaseMs: 15_000,
      logLevel: 'info',
    })
  })

  test('takes what is set, and empty for not set', () => {
    const set = { HEADGATE_WATCH_NAMESPACES: ' sales, ops ,', HEADGATE_MAX_ACTIVE_RUNS: '7', HEADGATE_JOB_TTL: '30m', HEADGATE_STORE_URL: 'postgresql://s/d' }
    expect(operatorConfig({ ...least, ...set, HEADGATE_REDIS_URL: '' })).toMatchObject({
      watchNamespaces: ['sales', 'ops'],
      maxActiveRuns: 7,
      jobTtlMs: 1_800_000,
      storeUrl: 'postgresql://s/d',
      redisUrl: undefined,
    })
  })

  test.each([
    ['HEADGATE_WORKER_IMAGE', ''],
    ['HEADGATE_NAMESPACE', ''],
    ['HEADGATE_MAX_ACTIVE_RUNS', '0'],
    ['HEADGATE_MAX_ACTIVE_RUNS', 'many'],
    ['HEADGATE_MAX_ACTIVE_RUNS', '1.5'],
    ['HEADGATE_METRICS_PORT', '65536'],
    ['HEADGATE_JOB_TTL', 'tomorrow'],
    ['HEADGATE_LEASE_DURATION', '900ms'],
    ['HEADGATE_LOG_LEVEL', 'loud'],
  ])('%s=%j is refused by name', (name, value) => {
    expect(() => operatorConfig({ ...least, [name]: value })).toThrow(
      expect.objectContaining({ code: 'InvalidConfig', message: expect.stringContaining(name) }),
    )
  })
})
