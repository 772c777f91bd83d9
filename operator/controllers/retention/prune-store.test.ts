import { expect, test } from 'vitest'
import type { Clock } from '../../kubernetes/clock.ts'
import { pipelineFixture } from '../testing/objects.ts'
import { pruneStore } from './prune-store.ts'

const now = Date.parse('2026-06-01T00:00:00Z')

/** A clock whose timers fire at once; aborts `stop` after the given number of waits. */
function instantClock(stop: AbortController, waits: number): { clock: Clock; waited: number[] } {
  const waited: number[] = []
  const after = (milliseconds: number, run: () => void) => {
    waited.push(milliseconds)
    if (waited.length === waits) stop.abort()
    queueMicrotask(run)
    return () => {}
  }
  return { clock: { now: () => now, monotonic: () => 0, after }, waited }
}

const daysAgo = (days: number) => new Date(now - days * 86_400_000)

test('prunes every pipeline once an hour by its own retention periods, and continues after a failure', async () => {
  const stop = new AbortController()
  const { clock, waited } = instantClock(stop, 3)
  const [asked, reported, rows] = [[] as unknown[], [] as string[], [] as unknown[]]
  const failing = { ...pipelineFixture({}), metadata: { ...pipelineFixture({}).metadata, name: 'failing' } }
  const pipelines = [failing, pipelineFixture({ retention: { runs: '7d', quarantine: '30d' } })]
  const prune = async (pipeline: string, before: { runs: Date; quarantine: Date }) => {
    asked.push([pipeline, before])
    if (pipeline === 'sales/failing') throw new Error('no')
    return { runs: 3, quarantine: 0 }
  }
  const list = () => pipelines.values()
  const report = (where: string) => void reported.push(where)
  await pruneStore({ prune, pipelines: { list }, onPruned: (pruned) => rows.push(pruned), report, clock, random: () => 0.5 }, stop.signal)
  expect(asked).toEqual([
    ['sales/failing', { runs: daysAgo(90), quarantine: daysAgo(365) }],
    ['sales/orders', { runs: daysAgo(7), quarantine: daysAgo(30) }],
  ])
  expect(waited).toEqual([180_000, 1_800_000, 1_800_000])
  expect(reported).toEqual(['prune sales/failing'])
  expect(rows).toEqual([{ runs: 3, quarantine: 0 }])
})

test('waits while there are no pipelines', async () => {
  const stop = new AbortController()
  const { clock, waited } = instantClock(stop, 2)
  const prune = () => Promise.reject(new Error('nothing to prune'))
  const list = () => [].values()
  await pruneStore({ prune, pipelines: { list }, onPruned: () => {}, report: () => {}, clock, random: () => 0.5 }, stop.signal)
  expect(waited).toEqual([180_000, 3_600_000])
})
