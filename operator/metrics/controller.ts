// Metrics of queues, reconciles, requests and leadership, with the names of controller-runtime, so that its dashboards work. Created by main.ts.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ClientMetrics, LeadershipMetrics, QueueMetrics, ReconcileMetrics } from '../kubernetes/hooks.ts'

export type MachineryMetrics = { queue: QueueMetrics; reconcile: ReconcileMetrics; client: ClientMetrics; leadership: LeadershipMetrics }

/** The buckets of controller-runtime. */
const reconcileSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
/** The buckets of client-go's work queues: powers of ten. */
const queueSeconds = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1000]
const results = ['success', 'error', 'requeue', 'requeue_after'] as const

/** A registry with the process's own metrics; `headgate_*` metrics of runs are added to it by whoever counts them. */
export function createRegistry(): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

export function machineryMetrics(registry: Registry): MachineryMetrics {
  return { queue: queueMetrics(registry), reconcile: reconcileMetrics(registry), client: clientMetrics(registry), leadership: leadershipMetrics(registry) }
}

function queueMetrics(registry: Registry): QueueMetrics {
  const common = { labelNames: ['name', 'controller'] as const, registers: [registry] }
  const depth = new Gauge({ name: 'workqueue_depth', help: 'Keys that wait in the queue.', ...common })
  const adds = new Counter({ name: 'workqueue_adds_total', help: 'Keys added to the queue.', ...common })
  const retries = new Counter({ name: 'workqueue_retries_total', help: 'Keys added again because they failed.', ...common })
  const waited = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key waited before it was taken.',
    buckets: queueSeconds,
    ...common,
  })
  const worked = new Histogram({ name: 'workqueue_work_duration_seconds', help: 'How long a key was worked on.', buckets: queueSeconds, ...common })
  const labels = (name: string) => ({ name, controller: name })
  return {
    depth: (queue, waiting) => depth.set(labels(queue), waiting),
    added: (queue) => adds.inc(labels(queue)),
    retried: (queue) => retries.inc(labels(queue)),
    waited: (queue, seconds) => waited.observe(labels(queue), seconds),
    worked: (queue, seconds) => worked.observe(labels(queue), seconds),
  }
}

function reconcileMetrics(registry: Registry): ReconcileMetrics {
  const common = { labelNames: ['controller'] as const, registers: [registry] }
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations by their result.',
    labelNames: ['controller', 'result'],
    registers: [registry],
  })
  const errors = new Counter({ name: 'controller_runtime_reconcile_errors_total', help: 'Reconciliations that failed.', ...common })
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'How long a reconciliation took.',
    buckets: reconcileSeconds,
    ...common,
  })
  const active = new Gauge({ name: 'controller_runtime_active_workers', help: 'Keys worked on right now.', ...common })
  const known = new Set<string>()
  // Initialize the counters: rate() over a counter that appears only with its first failure misses that failure.
  const introduce = (controller: string) => {
    known.add(controller)
    for (const result of results) total.inc({ controller, result }, 0)
    errors.inc({ controller }, 0)
  }
  return {
    active: (controller, workers) => {
      if (!known.has(controller)) introduce(controller)
      active.set({ controller }, workers)
    },
    reconciled: (controller, result, seconds) => {
      total.inc({ controller, result })
      if (result === 'error') errors.inc({ controller })
      time.observe({ controller }, seconds)
    },
  }
}

function clientMetrics(registry: Registry): ClientMetrics {
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by status, method and host.',
    labelNames: ['code', 'method', 'host'],
    registers: [registry],
  })
  return { requested: (code, method, host) => requests.inc({ code, method, host }) }
}

function leadershipMetrics(registry: Registry): LeadershipMetrics {
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: '1 while this process holds the lease.',
    labelNames: ['name'],
    registers: [registry],
  })
  return { leading: (lease, leading) => status.set({ name: lease }, leading ? 1 : 0) }
}
