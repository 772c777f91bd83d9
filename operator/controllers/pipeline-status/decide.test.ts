import { describe, expect, test } from 'vitest'
import type { PipelineStatus } from '../../../crds/status.ts'
import { pipelineFixture, runFixture } from '../testing/objects.ts'
import { decideStatus, type PipelineObservation } from './decide.ts'
import { NextTicks } from './next-ticks.ts'

const now = Date.parse('2026-03-01T12:00:30Z')
const schedule = { cron: '0 * * * *', timeZone: 'Europe/Berlin' }

function decide(more: Partial<PipelineObservation> = {}): PipelineStatus {
  return decideStatus({ pipeline: pipelineFixture({}), runs: [], problem: undefined, scheduled: true, nextTick: undefined, now, ...more })
}

const problem = { generation: 3, reason: 'ScheduleRefused', message: 'no such minute' } as const

describe('the conditions', () => {
  test.each<[string, Partial<PipelineObservation>, string[], string]>([
    ['without a schedule', {}, ['Ready=True'], 'Accepted'],
    ['with a schedule', { pipeline: pipelineFixture({ schedule }) }, ['Ready=True'], 'Scheduled'],
    ['suspended', { pipeline: pipelineFixture({ schedule: { ...schedule, suspend: true } }) }, ['Ready=True'], 'Suspended'],
    ['while the CronJob is not as declared', { pipeline: pipelineFixture({ schedule }), scheduled: false }, ['Ready=False', 'Reconciling=True'], 'Scheduling'],
    ['refused', { pipeline: pipelineFixture({ schedule }), scheduled: false, problem }, ['Ready=False', 'Stalled=True'], 'ScheduleRefused'],
    ['refused before it was edited', { scheduled: false, problem: { ...problem, generation: 2 } }, ['Ready=False', 'Reconciling=True'], 'Scheduling'],
    ['beyond the limits', { forbidden: 'too many workers' }, ['Ready=False', 'Stalled=True'], 'NotAllowed'],
    ['after a failed run', { runs: [runFixture('orders-1', 'Failed')] }, ['Ready=True'], 'Accepted'],
  ])('%s', (_, observed, expected, reason) => {
    const { conditions = [], observedGeneration } = decide(observed)
    expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual(expected)
    expect(conditions.every((condition) => condition.reason === reason && condition.message !== '' && condition.observedGeneration === 3)).toBe(true)
    expect(observedGeneration).toBe(3)
  })

  test('keep lastTransitionTime when only the reason changes', () => {
    const since = '2026-01-01T00:00:00Z'
    const ready = { type: 'Ready', status: 'True' as const, reason: 'Scheduled', message: 'm', lastTransitionTime: since }
    expect(decide({ pipeline: pipelineFixture({}, { conditions: [ready] }) }).conditions).toMatchObject([{ reason: 'Accepted', lastTransitionTime: since }])
    expect(decide({ pipeline: pipelineFixture({}, { conditions: [ready] }), problem }).conditions?.[0]?.lastTransitionTime).toBe('2026-03-01T12:00:30Z')
  })
})

describe('runs', () => {
  const runs = [
    runFixture('orders-1', 'Succeeded', { createdAt: '2026-03-01T01:00:00Z', completedAt: '2026-03-01T03:00:00Z' }),
    runFixture('orders-2', 'Succeeded', { createdAt: '2026-03-01T02:00:00Z', completedAt: '2026-03-01T02:30:00Z' }),
    runFixture('orders-5', undefined, { createdAt: '2026-03-01T05:00:00Z' }),
    runFixture('orders-3', 'Running', { createdAt: '2026-03-01T03:00:00Z' }),
    runFixture('orders-4', 'Queued', { createdAt: '2026-03-01T05:00:00Z' }),
    runFixture('orders-0', 'Failed', { createdAt: '2026-03-01T00:00:00Z', completedAt: '2026-03-01T09:00:00Z' }),
  ]

  test('are counted, and the last created and the last successful run are named', () => {
    expect(decide({ runs })).toMatchObject({
      active: 1,
      queued: 2,
      lastRun: { name: 'orders-5', phase: 'Pending' },
      lastSuccess: { name: 'orders-1', completionTime: '2026-03-01T03:00:00Z' },
    })
  })

  test('the last success is kept after its run is deleted, until there is a later one', () => {
    const known = (completionTime: string) => ({ pipeline: pipelineFixture({}, { lastSuccess: { name: 'gone', completionTime } }), runs })
    expect(decide(known('2026-03-01T08:00:00Z')).lastSuccess?.name).toBe('gone')
    expect(decide(known('2026-02-01T08:00:00Z')).lastSuccess?.name).toBe('orders-1')
  })

  test('are absent from the status if there are none', () => {
    expect(decide()).toEqual({ observedGeneration: 3, conditions: expect.any(Array), active: 0, queued: 0 })
  })
})

test('nextRun has the time format of Kubernetes', () => {
  expect(decide({ nextTick: Date.parse('2026-03-01T13:00:00Z') }).nextRun).toBe('2026-03-01T13:00:00Z')
})

test('the next tick is recomputed when it has passed or the schedule has changed', () => {
  const ticks = new NextTicks()
  const at = (moment: string, cron = '0 * * * *') => {
    const next = ticks.after('sales/orders', { cron, timeZone: 'UTC' }, Date.parse(moment))
    return next === undefined ? undefined : new Date(next).toISOString().slice(11, 16)
  }
  expect(at('2026-03-01T12:30Z')).toBe('13:00')
  expect(at('2026-03-01T12:59Z')).toBe('13:00')
  expect(at('2026-03-01T13:00Z')).toBe('14:00')
  expect(at('2026-03-01T13:00Z', '5 * * * *')).toBe('13:05')
  expect(at('2026-03-01T13:00Z', '0 0 30 2 *')).toBeUndefined()
  ticks.forget('sales/orders')
  expect(at('2026-03-01T11:30Z')).toBe('12:00')
})
