import { expect, test } from 'vitest'
import { createCaches } from './cache/caches.ts'
import { pipelineFixture, runFixture } from './controllers/testing/objects.ts'
import { ApiError } from './kubernetes/api-error.ts'
import type { KubeClient } from './kubernetes/client.ts'
import { systemClock } from './kubernetes/clock.ts'
import { startTerm, type TermOptions } from './term.ts'
import { noLimits } from './testing/limits.ts'

/** A term whose API server refuses everything, and what its workers reported. */
function termWith(caches: TermOptions['caches']) {
  const reconciled = new Set<string>()
  const queues = new Set<string>()
  const problems: string[] = []
  const refuse = async () => {
    throw new ApiError(0, 'Unreachable', 'connection refused')
  }
  const note = (queue: string) => void queues.add(queue)
  const term = startTerm({
    client: new Proxy({} as KubeClient, { get: () => refuse }),
    caches,
    events: { event: () => {} },
    settings: { workerImage: 'headgate:test', maxActiveRuns: 10, limits: noLimits, jobTtlMs: 1000 },
    progressSources: [{ name: 'broken', source: { read: () => Promise.reject(new Error('away')) } }],
    onProgressAnswer: () => {},
    runMetrics: { ended: () => {}, pruned: () => {} },
    report: (where) => void problems.push(where),
    clock: systemClock,
    random: () => 0.5,
    metrics: {
      queue: { depth: note, added: note, retried: note, waited: note, worked: note },
      reconcile: { active: note, reconciled: (queue, result) => void reconciled.add(`${queue} ${result}`) },
    },
  })
  return { term, reconciled, queues, problems }
}

test('Each controller reconciles the cached objects at the start of the term, and ends with the term', async () => {
  const caches = createCaches()
  caches.pipelines.set('sales/orders', pipelineFixture({ schedule: { cron: '0 0 * * *' } }), '1')
  caches.runs.set('sales/orders-1', runFixture('orders-1'), '1')
  const { term, reconciled, queues, problems } = termWith(caches)
  const stop = new AbortController()
  const working = term.run(stop.signal)
  await expect.poll(() => [...reconciled].sort(), { timeout: 10_000 }).toEqual(['pipelineStatus error', 'run error', 'schedule error'])
  stop.abort()
  await working
  expect(problems).toContain('run sales/orders-1')
  expect([...queues].sort()).toEqual(['pipelineStatus', 'retention', 'run', 'schedule'])
})
