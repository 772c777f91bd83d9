// A run that, by a defect, has another namespace than its key: the controller sends nothing, whatever it decides.
import { expect, test } from 'vitest'
import { createCaches } from '../../operator/cache/caches.ts'
import type { CachedRun } from '../../operator/cache/runs.ts'
import { ProgressBook } from '../../operator/controllers/progress/book.ts'
import { runController } from '../../operator/controllers/run/run.ts'
import { jobFixture } from '../../operator/controllers/testing/cached.ts'
import { pipelineFixture, runFixture } from '../../operator/controllers/testing/objects.ts'
import type { KubeClient } from '../../operator/kubernetes/client.ts'
import { systemClock } from '../../operator/kubernetes/clock.ts'
import { noLimits } from '../../operator/testing/limits.ts'

/** The fixtures are of namespace sales. */
const key = 'tenant-a/orders-1'
const sent: string[] = []
const client = new Proxy({} as KubeClient, {
  get: (_, verb) => async () => {
    sent.push(String(verb))
  },
})

function controllerOf(run: CachedRun) {
  const caches = createCaches()
  caches.runs.set(key, run, '1')
  caches.pipelines.set('sales/orders', pipelineFixture({}), '1')
  caches.jobs.set('sales/orders-1', jobFixture({ owner: { kind: 'PipelineRun', name: 'orders-1', uid: run.metadata.uid } }), '1')
  const parts = {
    caches,
    client,
    events: { event: () => {} },
    settings: { workerImage: 'headgate:test', maxActiveRuns: 10, limits: noLimits },
    runMetrics: { ended: () => {} },
    progress: new ProgressBook(),
    clock: systemClock,
    report: () => {},
  }
  const controller = runController.start(parts, { add: () => {} })
  controller.wakes.runs('sales/orders-1', run)
  return controller
}

test.each<[string, CachedRun]>([
  ['waits', runFixture('orders-1')],
  ['is recorded', { ...runFixture('orders-1'), status: { snapshotHash: 'abc' } }],
  ['is cancelled', { ...runFixture('orders-1'), spec: { pipelineRef: { name: 'orders' }, cancel: true } }],
  ['is at work', { ...runFixture('orders-1', 'Running'), status: { phase: 'Running', startTime: '2026-03-01T00:00:01Z' } }],
  ['has ended', runFixture('orders-1', 'Failed')],
])('A run that %s', async (_, run) => {
  sent.length = 0
  await expect(controllerOf(run).reconcile(key)).rejects.toMatchObject({ reason: 'OtherNamespace' })
  expect(sent).toEqual([])
})
