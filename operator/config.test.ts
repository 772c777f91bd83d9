import { describe, expect, test } from 'vitest'
import { operatorConfig } from './config.ts'
import { noLimits } from './testing/limits.ts'

const least = { HEADGATE_WORKER_IMAGE: 'headgate:1', HEADGATE_NAMESPACE: 'headgate', HEADGATE_POD_NAME: 'operator-0' }

describe('the operator’s environment', () => {
  test('requires an image and a namespace, and has defaults for everything else', () => {
    expect(operatorConfig(least)).toEqual({
      workerImage: 'headgate:1',
      namespace: 'headgate',
      watchNamespaces: [],
      maxActiveRuns: 100,
      limits: { ...noLimits, defaultMemory: '1Gi', tmpSize: '1Gi' },
      jobTtlMs: 86_400_000,
      storeUrl: undefined,
      tenantsFile: undefined,
      redisUrl: undefined,
      metricsPort: 8080,
      podName: 'operator-0',
      identity: expect.stringMatching(/^operator-0-[0-9a-f]{8}$/),
      leaseName: 'headgate-operator',
      leaseMs: 15_000,
      logLevel: 'info',
    })
  })

  test('uses the set variables, and treats empty as not set', () => {
    const set = { HEADGATE_WATCH_NAMESPACES: ' sales, ops ,', HEADGATE_MAX_ACTIVE_RUNS: '7', HEADGATE_JOB_TTL: '30m', HEADGATE_STORE_URL: 'postgresql://s/d' }
    expect(operatorConfig({ ...least, ...set, HEADGATE_REDIS_URL: '' })).toMatchObject({
      watchNamespaces: ['sales', 'ops'],
      maxActiveRuns: 7,
      jobTtlMs: 1_800_000,
      storeUrl: 'postgresql://s/d',
      redisUrl: undefined,
    })
  })

  test('reads what the administrator forbids', () => {
    const set = {
      HEADGATE_MAX_TIMEOUT: '12h',
      HEADGATE_MAX_START_DEADLINE: '5m',
      HEADGATE_MAX_WORKERS: '8',
      HEADGATE_MAX_CPU: '2',
      HEADGATE_MAX_MEMORY: '4Gi',
      HEADGATE_WORKER_MEMORY: 'none',
      HEADGATE_WORKER_TMP_SIZE: '500Mi',
      HEADGATE_PLUGIN_MODULES: 'Image',
      HEADGATE_ALLOWED_IMAGES: 'registry.example/etl/, headgate/headgate',
      HEADGATE_MAX_ACTIVE_RUNS_PER_NAMESPACE: '20',
    }
    expect(operatorConfig({ ...least, ...set }).limits).toEqual({
      timeoutMs: 43_200_000,
      startDeadlineMs: 300_000,
      workers: 8,
      cpu: '2',
      memory: '4Gi',
      defaultMemory: undefined,
      tmpSize: '500Mi',
      pluginFolder: '/app',
      images: ['registry.example/etl/', 'headgate/headgate'],
      runsPerNamespace: 20,
    })
  })

  test.each([
    ['HEADGATE_MAX_TIMEOUT', 'long'],
    ['HEADGATE_MAX_START_DEADLINE', '10ms'],
    ['HEADGATE_MAX_WORKERS', '0'],
    ['HEADGATE_MAX_CPU', 'all'],
    ['HEADGATE_MAX_MEMORY', '0'],
    ['HEADGATE_WORKER_MEMORY', '-1Gi'],
    ['HEADGATE_WORKER_TMP_SIZE', '1 GB'],
    ['HEADGATE_PLUGIN_MODULES', 'image'],
    ['HEADGATE_MAX_ACTIVE_RUNS_PER_NAMESPACE', '-1'],
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
