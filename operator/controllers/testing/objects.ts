// Fixtures of cached Pipelines and runs, for tests of controllers.
import type { PipelineSpec } from '../../../crds/pipeline.ts'
import type { PipelineStatus, RunPhase } from '../../../crds/status.ts'
import type { CachedPipeline } from '../../cache/cached.ts'
import type { CachedRun } from '../../cache/runs.ts'

export function specFixture(more: Partial<PipelineSpec> = {}): PipelineSpec {
  return {
    source: { files: { paths: ['orders.csv'] } },
    schema: { primaryKey: ['id'], fields: [{ name: 'id', type: 'integer' }] },
    destination: { postgres: { table: 'sales.orders' } },
    ...more,
  }
}

/** Pipeline sales/orders. */
export function pipelineFixture(spec: Partial<PipelineSpec>, status?: PipelineStatus): CachedPipeline {
  const metadata = { name: 'orders', namespace: 'sales', uid: 'pipeline-uid', resourceVersion: '1', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' }
  return { metadata, spec: specFixture(spec), ...(status !== undefined && { status }) }
}

/** A run of sales/orders. */
export function runFixture(name: string, phase?: RunPhase, more: { createdAt?: string; completedAt?: string } = {}): CachedRun {
  const { createdAt = '2026-03-01T00:00:00Z', completedAt } = more
  return {
    metadata: { name, namespace: 'sales', uid: `uid-${name}`, resourceVersion: '7', generation: 1, creationTimestamp: createdAt },
    spec: { pipelineRef: { name: 'orders' } },
    ...(phase !== undefined && { status: { phase, ...(completedAt !== undefined && { completionTime: completedAt }) } }),
  }
}
