import { describe, expect, test } from 'vitest'
import { annotations } from '../../../crds/metadata.ts'
import { type CachedCronJob, type CachedTick, scheduledTimestamp } from '../../cache/cached.ts'
import { pipelineFixture } from '../testing/objects.ts'
import { cronJobFor } from './cron-job.ts'
import { decideCronJob } from './decide.ts'
import { decideTicks, pendingTicks, type Tick } from './decide-ticks.ts'
import { scheduledRun, scheduledRunName } from './scheduled-run.ts'

const image = 'headgate:1'
const pipeline = pipelineFixture({ schedule: { cron: '*/15 * * * *', timeZone: 'Europe/Berlin', catchUp: 2 } })
const unscheduled = pipelineFixture({})

/** The cached CronJob after it was applied, with the given differences. */
function found(more: { owner?: object; spec?: object; deleting?: boolean; annotations?: Record<string, string> } = {}): CachedCronJob {
  const wanted = cronJobFor(pipeline, image)
  const { schedule = '', timeZone = '', suspend = false } = wanted?.spec ?? {}
  const owner = { apiVersion: 'headgate.dev/v1alpha1', kind: 'Pipeline', name: 'orders', uid: pipeline.metadata.uid, controller: true }
  return {
    metadata: {
      ...pipeline.metadata,
      name: 'orders-schedule',
      annotations: more.annotations ?? wanted?.metadata.annotations ?? {},
      ownerReferences: [{ ...owner, ...more.owner }],
      ...(more.deleting && { deletionTimestamp: '2026-03-01T00:00:00Z' }),
    },
    spec: { schedule, timeZone, suspend, ...more.spec },
  }
}

describe('the CronJob', () => {
  test.each([
    ['is created when missing', pipeline, undefined, 'apply'],
    ['is unchanged when as declared', pipeline, found(), 'nothing'],
    ['is corrected when its schedule was edited', pipeline, found({ spec: { schedule: '0 0 1 1 *' } }), 'apply'],
    ['is corrected when its time zone was edited', pipeline, found({ spec: { timeZone: 'UTC' } }), 'apply'],
    ['is corrected when it was suspended by hand', pipeline, found({ spec: { suspend: true } }), 'apply'],
    ['is updated when it was created from another declaration', pipeline, found({ annotations: { [annotations.declaration]: 'old' } }), 'apply'],
    ['is deleted with the schedule', unscheduled, found(), 'delete'],
    ['that is being deleted is not deleted again', unscheduled, found({ deleting: true }), 'nothing'],
    ['that is being deleted must be gone before another is created', pipeline, found({ deleting: true }), 'wait'],
    ['is not created without a schedule', unscheduled, undefined, 'nothing'],
    ['of a deleted pipeline of the same name must be garbage collected first', pipeline, found({ owner: { uid: 'old' } }), 'wait'],
    ['of another owner is not touched', pipeline, found({ owner: { uid: 'x', kind: 'Backup', name: 'nightly' } }), 'giveUp'],
    ['of another owner does not matter without a schedule', unscheduled, found({ owner: { uid: 'x', kind: 'Backup' } }), 'nothing'],
  ])('%s', (_, given, existing, act) => {
    expect(decideCronJob(given, cronJobFor(given, image), existing)).toEqual({ act })
  })

  test('ticks without pods and keeps more finished Jobs than catchUp', () => {
    const { metadata, spec } = cronJobFor(pipeline, image) ?? {}
    expect(metadata).toMatchObject({ name: 'orders-schedule', namespace: 'sales', ownerReferences: [{ uid: pipeline.metadata.uid, controller: true }] })
    expect(spec).toMatchObject({
      schedule: '*/15 * * * *',
      timeZone: 'Europe/Berlin',
      suspend: false,
      concurrencyPolicy: 'Allow',
      successfulJobsHistoryLimit: 5,
    })
    expect(spec?.jobTemplate?.spec).toMatchObject({ completions: 0, parallelism: 0 })
  })

  test('has another declaration hash when anything in it changes', () => {
    const hash = (of: typeof pipeline, withImage: string) => cronJobFor(of, withImage)?.metadata.annotations?.[annotations.declaration]
    const suspended = pipelineFixture({ schedule: { cron: '*/15 * * * *', timeZone: 'Europe/Berlin', catchUp: 2, suspend: true } })
    expect(new Set([hash(pipeline, image), hash(pipeline, 'headgate:2'), hash(suspended, image)]).size).toBe(3)
    expect(hash(pipeline, image)).toBe(hash(pipelineFixture(pipeline.spec), image))
  })
})

const now = Date.parse('2026-03-01T12:00:30Z')

function tick(minutesAgo: number, more: Record<string, string> = {}, owner = 'cron'): CachedTick {
  const due = new Date(Math.floor(now / 60_000) * 60_000 - minutesAgo * 60_000).toISOString()
  const owned = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'orders-schedule', uid: owner, controller: true }
  return { metadata: { ...pipeline.metadata, name: `tick-${minutesAgo}`, annotations: { [scheduledTimestamp]: due, ...more }, ownerReferences: [owned] } }
}

describe('ticks', () => {
  test('are pending until decided, if they belong to the CronJob', () => {
    const jobs = [tick(1), tick(3), tick(2, { [annotations.run]: 'x' }), tick(4, { [annotations.skipped]: 'Missed' }), tick(5, {}, 'other')]
    expect(pendingTicks(jobs, 'cron', now).map(({ job }) => job.metadata.name)).toEqual(['tick-3', 'tick-1'])
    expect(pendingTicks([{ metadata: { ...tick(1).metadata, annotations: {} } }], 'cron', now)).toEqual([])
  })

  test('in the future are ignored, because anyone who may create Jobs can create one', () => {
    expect(pendingTicks([tick(-60), tick(1)], 'cron', now).map(({ job }) => job.metadata.name)).toEqual(['tick-1'])
  })

  test.each<{ what: string; pending: number[]; catchUp: number; suspend?: boolean; run: number[] }>([
    { what: 'the newest if on time', pending: [0], catchUp: 1, run: [0] },
    { what: 'the newest if on time, with catchUp 0', pending: [0], catchUp: 0, run: [0] },
    { what: 'one missed tick', pending: [180], catchUp: 1, run: [180] },
    { what: 'no missed tick with catchUp 0', pending: [180], catchUp: 0, run: [] },
    { what: 'the newest if less than ten minutes late', pending: [9], catchUp: 0, run: [9] },
    { what: 'the latest missed tick, and the newest on time', pending: [45, 30, 15, 0], catchUp: 1, run: [15, 0] },
    { what: 'the latest missed ticks', pending: [180, 120, 60], catchUp: 2, run: [120, 60] },
    { what: 'all missed ticks if fewer than catchUp', pending: [120, 60], catchUp: 10, run: [120, 60] },
    { what: 'none while it is suspended', pending: [60, 0], catchUp: 5, suspend: true, run: [] },
    { what: 'nothing', pending: [], catchUp: 5, run: [] },
  ])('become runs: $what', ({ pending, catchUp, suspend = false, run }) => {
    const ticks: Tick[] = pending.map((minutes) => ({ job: tick(minutes), at: now - minutes * 60_000 }))
    const decisions = decideTicks(ticks, { suspend, catchUp }, now)
    const minutes = (tick: Tick) => (now - tick.at) / 60_000
    expect(decisions.run.map(minutes)).toEqual(run)
    expect(decisions.skip.map((skipped) => minutes(skipped.tick))).toEqual(pending.filter((minutes) => !run.includes(minutes)))
    expect(decisions.skip.every(({ reason }) => reason === (suspend ? 'Suspended' : 'Missed'))).toBe(true)
  })
})

describe('a scheduled run', () => {
  const at = Date.parse('2026-03-29T01:15:00Z')

  test('is named after the minute in UTC and owned by its pipeline', () => {
    expect(scheduledRunName('orders', at)).toBe('orders-20260329-0115')
    expect(scheduledRun(pipeline, { at, job: tick(0) })).toEqual({
      metadata: {
        name: 'orders-20260329-0115',
        namespace: 'sales',
        labels: { 'app.kubernetes.io/managed-by': 'headgate', 'headgate.dev/pipeline': 'orders' },
        annotations: { 'headgate.dev/scheduled-time': '2026-03-29T01:15:00Z', 'headgate.dev/tick': pipeline.metadata.uid },
        ownerReferences: [{ apiVersion: 'headgate.dev/v1alpha1', kind: 'Pipeline', name: 'orders', uid: pipeline.metadata.uid }],
      },
      spec: { pipelineRef: { name: 'orders' }, interval: { start: '2026-03-29T01:00:00Z', end: '2026-03-29T01:15:00Z' } },
    })
  })

  test('has no interval if the previous tick is unknown', () => {
    expect(scheduledRun(pipelineFixture({ schedule: { cron: '0 0 30 2 *' } }), { at, job: tick(0) }).spec).toEqual({ pipelineRef: { name: 'orders' } })
  })
})
