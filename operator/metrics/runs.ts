// Metrics of runs and pipelines. Only the leader counts runs, so that the sum over replicas is correct. Created by main.ts.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { PipelineRunStatus, RunRecords } from '../../crds/status.ts'
import type { CachedPipeline } from '../cache/cached.ts'
import type { Handlers } from '../cache/caches.ts'
import type { CachedRun } from '../cache/runs.ts'

export type RunMetrics = {
  /** A run ended, with this status. */
  ended(run: CachedRun, status: PipelineRunStatus): void
  /** Handlers of cache changes. */
  handlers: Pick<Handlers, 'runs' | 'pipelines'>
  /** Whether the last read of progress from Redis succeeded. */
  redisAnswered(answered: boolean): void
  /** Rows that retention deleted from the store. */
  pruned(kind: 'runs' | 'quarantine', rows: number): void
}

const durationSeconds = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200]
const outcomes = ['loaded', 'unchanged', 'superseded', 'filtered', 'quarantined', 'parked'] as const satisfies readonly (keyof RunRecords)[]
const shownPhases = ['Pending', 'Queued', 'Starting', 'Running'] as const

/** `leading`: whether this process leads and therefore exports the number of runs. */
export function runMetrics(registry: Registry, leading: () => boolean): RunMetrics {
  const endings = endingMetrics(registry)
  const pipelines = pipelineMetrics(registry)
  const current = currentRuns(registry, leading)
  const up = new Gauge({ name: 'headgate_progress_redis_up', help: 'Whether Redis answered when it was last asked for progress.', registers: [registry] })
  const pruned = new Counter({
    name: 'headgate_store_pruned_total',
    help: 'Rows that retention deleted from the store.',
    labelNames: ['kind'],
    registers: [registry],
  })
  return {
    ended: endings.ended,
    handlers: {
      runs: (_key, run, before) => current.changed(run, before),
      pipelines: (_key, pipeline, before) => {
        pipelines.changed(pipeline, before)
        if (pipeline === undefined && before !== undefined) endings.forget(before)
      },
    },
    redisAnswered: (answered) => up.set(answered ? 1 : 0),
    pruned: (kind, rows) => pruned.inc({ kind }, rows),
  }
}

/** Metrics of ended runs. The series of a deleted pipeline are removed. */
function endingMetrics(registry: Registry) {
  const labelNames = ['namespace', 'pipeline'] as const
  const registers = [registry]
  const finished = new Counter({ name: 'headgate_runs_finished_total', help: 'Runs that ended.', labelNames: [...labelNames, 'phase'] as const, registers })
  const records = new Counter({
    name: 'headgate_records_total',
    help: 'Records of runs that ended, by what became of them.',
    labelNames: [...labelNames, 'outcome'] as const,
    registers,
  })
  const removed = new Counter({
    name: 'headgate_rows_removed_total',
    help: 'Rows that runs removed from their tables because the source no longer had them.',
    labelNames,
    registers,
  })
  const duration = new Histogram({
    name: 'headgate_run_duration_seconds',
    help: 'From start to completion of runs that succeeded or failed.',
    labelNames,
    buckets: durationSeconds,
    registers,
  })
  const introduced = new Map<string, { phases: Set<string> }>()
  return {
    ended({ metadata, spec }: CachedRun, status: PipelineRunStatus): void {
      const ofPipeline = { namespace: metadata.namespace, pipeline: spec.pipelineRef.name }
      const phase = status.phase ?? 'Failed'
      const key = `${ofPipeline.namespace}/${ofPipeline.pipeline}`
      const known = introduced.get(key) ?? { phases: new Set() }
      introduced.set(key, known)
      known.phases.add(phase)
      finished.inc({ ...ofPipeline, phase })
      for (const outcome of outcomes) records.inc({ ...ofPipeline, outcome }, status.records?.[outcome] ?? 0)
      removed.inc(ofPipeline, status.records?.removed ?? 0)
      const seconds = (Date.parse(status.completionTime ?? '') - Date.parse(status.startTime ?? '')) / 1000
      if (seconds >= 0 && (phase === 'Succeeded' || phase === 'Failed')) duration.observe(ofPipeline, seconds)
    },
    forget({ metadata: { namespace, name: pipeline } }: CachedPipeline): void {
      const known = introduced.get(`${namespace}/${pipeline}`)
      if (known === undefined) return
      introduced.delete(`${namespace}/${pipeline}`)
      for (const phase of known.phases) finished.remove({ namespace, pipeline, phase })
      for (const outcome of outcomes) records.remove({ namespace, pipeline, outcome })
      removed.remove({ namespace, pipeline })
      duration.remove({ namespace, pipeline })
    },
  }
}

function pipelineMetrics(registry: Registry) {
  const common = { labelNames: ['namespace', 'pipeline'] as const, registers: [registry] }
  const success = new Gauge({
    name: 'headgate_pipeline_last_success_timestamp_seconds',
    help: 'When the last run of the pipeline succeeded.',
    ...common,
  })
  const stalled = new Gauge({
    name: 'headgate_pipeline_stalled',
    help: '1 while the pipeline cannot run until its configuration or environment is corrected.',
    ...common,
  })
  return {
    changed(pipeline: CachedPipeline | undefined, before: CachedPipeline | undefined): void {
      const of = pipeline ?? before
      if (of === undefined) return
      const ofPipeline = { namespace: of.metadata.namespace, pipeline: of.metadata.name }
      if (pipeline === undefined) {
        success.remove(ofPipeline)
        stalled.remove(ofPipeline)
        return
      }
      const succeededAt = Date.parse(pipeline.status?.lastSuccess?.completionTime ?? '')
      if (succeededAt > 0) success.set(ofPipeline, succeededAt / 1000)
      stalled.set(ofPipeline, pipeline.status?.conditions?.some(({ type, status }) => type === 'Stalled' && status === 'True') ? 1 : 0)
    },
  }
}

/** Counted incrementally, because there may be ten thousand runs. */
function currentRuns(registry: Registry, leading: () => boolean) {
  const counts = new Map<string, number>()
  new Gauge({
    name: 'headgate_runs',
    help: 'Runs that have not ended, by phase.',
    labelNames: ['namespace', 'pipeline', 'phase'] as const,
    registers: [registry],
    collect() {
      this.reset()
      if (!leading()) return
      for (const [key, count] of counts) {
        const [namespace = '', pipeline = '', phase = ''] = key.split('/')
        this.set({ namespace, pipeline, phase }, count)
      }
    },
  })
  const count = (run: CachedRun | undefined, by: 1 | -1) => {
    const phase = shownPhases.find((shown) => shown === (run?.status?.phase ?? 'Pending'))
    if (run === undefined || phase === undefined) return
    const key = `${run.metadata.namespace}/${run.spec.pipelineRef.name}/${phase}`
    const runs = (counts.get(key) ?? 0) + by
    if (runs > 0) counts.set(key, runs)
    else counts.delete(key)
  }
  return {
    changed(run: CachedRun | undefined, before: CachedRun | undefined): void {
      if (run === before) return
      count(before, -1)
      count(run, 1)
    },
  }
}
