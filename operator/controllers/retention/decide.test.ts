import { expect, test } from 'vitest'
import type { RunPhase } from '../../../crds/status.ts'
import type { Clock } from '../../kubernetes/clock.ts'
import { pipelineFixture, runFixture } from '../testing/objects.ts'
import { decideExpiry } from './decide.ts'
import { sweep } from './retention.ts'

const day = 86_400_000
const now = Date.parse('2026-06-01T00:00:00Z')

type Row = { what: string; phase?: RunPhase; days: number; runs?: string; gone?: boolean; deleting?: boolean; due: string }

test.each<Row>([
  { what: 'fresh', phase: 'Succeeded', days: 0.5, due: 'nothing' },
  { what: 'a day old', phase: 'Succeeded', days: 1, due: 'job' },
  { what: 'older than the default', phase: 'Failed', days: 90, due: 'run' },
  { what: 'younger than the default', phase: 'Failed', days: 89, due: 'job' },
  { what: 'older than declared', phase: 'Cancelled', days: 7, runs: '7d', due: 'run' },
  { what: 'declared shorter than the Job is kept', phase: 'Skipped', days: 0.5, runs: '6h', due: 'run' },
  { what: 'old, with a deleted pipeline', phase: 'Succeeded', days: 100, gone: true, due: 'run' },
  { what: 'still running', phase: 'Running', days: 400, due: 'nothing' },
  { what: 'still waiting', phase: 'Queued', days: 400, due: 'nothing' },
  { what: 'without a status', days: 400, due: 'nothing' },
  { what: 'being deleted', phase: 'Succeeded', days: 400, deleting: true, due: 'nothing' },
])('a run that is $what: $due is due', ({ phase, days, runs, gone, deleting, due }) => {
  const run = runFixture('orders-1', phase, { completedAt: new Date(now - days * day).toISOString(), createdAt: '2020-01-01T00:00:00Z' })
  if (deleting) run.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  const pipeline = gone ? undefined : pipelineFixture(runs === undefined ? {} : { retention: { runs } })
  expect(decideExpiry(run, pipeline, day, now)).toBe(due)
})

test('a sweep runs every ten minutes and spreads the due runs over half of the interval', async () => {
  const waits: number[] = []
  const stop = new AbortController()
  const clock: Clock = {
    now: () => now,
    monotonic: () => 0,
    after: (milliseconds, run) => {
      waits.push(milliseconds)
      if (waits.length === 3) stop.abort()
      queueMicrotask(run)
      return () => {}
    },
  }
  const added: [string, number][] = []
  const randoms = [0.5, 0, 0.5, 1, 0.5]
  let drawn = 0
  await sweep({ clock, random: () => randoms[drawn++ % 5] ?? 0, due: () => ['a', 'b', 'c'], addAfter: (...key) => added.push(key) }, stop.signal)
  expect(waits).toEqual([30_000, 600_000, 660_000])
  expect(added.slice(0, 3)).toEqual([
    ['a', 0],
    ['b', 150_000],
    ['c', 300_000],
  ])
  expect(added).toHaveLength(6)
})
