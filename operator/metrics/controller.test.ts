// The names and labels that dashboards and alerts of controller-runtime's users ask for.
import { expect, test } from 'vitest'
import { WorkQueue } from '../kubernetes/queue.ts'
import { fakeClock } from '../kubernetes/testing/clock.ts'
import { runWorkers } from '../kubernetes/workers.ts'
import { createRegistry, machineryMetrics } from './controller.ts'

test('A working controller is exported under the names of controller-runtime', async () => {
  const registry = createRegistry()
  const metrics = machineryMetrics(registry)
  const clock = fakeClock()
  const queue = new WorkQueue({ name: 'runs', clock, metrics: metrics.queue, limits: { initialMs: 1 } })
  let failures = 1
  const reconcile = async () => {
    if (failures-- > 0) throw new Error('once')
    return undefined
  }
  const over = runWorkers(queue, 2, reconcile, { clock, metrics: metrics.reconcile, report: () => undefined })
  queue.add('a')
  await clock.advance(100)
  await queue.shutdown()
  await over
  metrics.client.requested('200', 'GET', '10.96.0.1')
  metrics.leadership.leading('headgate-operator', true)
  const text = await registry.metrics()
  for (const line of [
    'controller_runtime_reconcile_total{controller="runs",result="success"} 1',
    'controller_runtime_reconcile_total{controller="runs",result="error"} 1',
    'controller_runtime_reconcile_total{controller="runs",result="requeue_after"} 0',
    'controller_runtime_reconcile_errors_total{controller="runs"} 1',
    'controller_runtime_reconcile_time_seconds_count{controller="runs"} 2',
    'controller_runtime_active_workers{controller="runs"} 0',
    'workqueue_depth{name="runs",controller="runs"} 0',
    'workqueue_adds_total{name="runs",controller="runs"} 2',
    'workqueue_retries_total{name="runs",controller="runs"} 1',
    'workqueue_queue_duration_seconds_count{name="runs",controller="runs"} 2',
    'workqueue_work_duration_seconds_count{name="runs",controller="runs"} 2',
    'rest_client_requests_total{code="200",method="GET",host="10.96.0.1"} 1',
    'leader_election_master_status{name="headgate-operator"} 1',
  ])
    expect(text).toContain(`\n${line}\n`)
  expect(text).toContain('process_resident_memory_bytes')
})
