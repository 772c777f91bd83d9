// What holds where a Pipeline says nothing. It is applied here, in code, and never written into the object, so that a
// GitOps tool sees no difference. Everyone who acts on a spec asks here.
import { durationMilliseconds } from './durations.ts'
import type { PipelineSpec } from './pipeline.ts'

export const defaults = {
  workers: 1,
  batchSize: 50_000,
  quality: { maxRejected: 1_000_000, maxRemovedRatio: '0.5' },
  retry: { limit: 5, initial: '1s', max: '5m' },
  maxRefusedRatio: '0.05',
  timeZone: 'UTC',
  concurrency: 'Queue',
  catchUp: 1,
  startDeadline: '10m',
  retention: { runs: '90d', quarantine: '365d', evidence: '30d' },
  storeSecret: 'headgate-store',
  redisSecret: 'headgate-redis',
  /** Key of both Secrets. */
  secretKey: 'url',
} as const

export type Concurrency = 'Queue' | 'Skip' | 'Replace' | 'Allow'

/** What admission does for a pipeline without a schedule, too. */
export function concurrencyOf(spec: Pick<PipelineSpec, 'schedule'>): Concurrency {
  return spec.schedule?.concurrency ?? defaults.concurrency
}

export type ScheduleSettings = { cron: string; timeZone: string; suspend: boolean; concurrency: Concurrency; catchUp: number }

/** The schedule in full; undefined if the pipeline has none. */
export function scheduleOf(spec: Pick<PipelineSpec, 'schedule'>): ScheduleSettings | undefined {
  const { schedule } = spec
  if (schedule === undefined) return undefined
  const { cron, timeZone = defaults.timeZone, suspend = false, catchUp = defaults.catchUp } = schedule
  return { cron, timeZone, suspend, catchUp, concurrency: concurrencyOf(spec) }
}

export type RunSettings = {
  workers: number
  batchSize: number
  startDeadlineMilliseconds: number
  /** Undefined: no limit. */
  timeoutMilliseconds: number | undefined
  /** Secrets of the pipeline's namespace. */
  storeSecret: { name: string; key: string }
  redisSecret: { name: string; key: string }
}

/** What a run of the pipeline goes by. */
export function runSettings(spec: Pick<PipelineSpec, 'workers' | 'batchSize' | 'startDeadline' | 'timeout' | 'destination' | 'redis'>): RunSettings {
  return {
    workers: spec.workers ?? defaults.workers,
    batchSize: spec.batchSize ?? defaults.batchSize,
    startDeadlineMilliseconds: durationMilliseconds(spec.startDeadline ?? defaults.startDeadline),
    timeoutMilliseconds: spec.timeout === undefined ? undefined : durationMilliseconds(spec.timeout),
    storeSecret: { name: spec.destination.postgres?.secretRef?.name ?? defaults.storeSecret, key: defaults.secretKey },
    redisSecret: { name: spec.redis?.secretRef.name ?? defaults.redisSecret, key: defaults.secretKey },
  }
}

export type RetentionSettings = { runsMilliseconds: number; quarantineMilliseconds: number; evidenceMilliseconds: number }

export function retentionOf(spec: Pick<PipelineSpec, 'retention'>): RetentionSettings {
  const { runs, quarantine, evidence } = { ...defaults.retention, ...spec.retention }
  return {
    runsMilliseconds: durationMilliseconds(runs),
    quarantineMilliseconds: durationMilliseconds(quarantine),
    evidenceMilliseconds: durationMilliseconds(evidence),
  }
}

export type RetryPolicy = { limit: number; initialMilliseconds: number; maxMilliseconds: number }

export function retryPolicy(spec: Pick<PipelineSpec, 'retry'>): RetryPolicy {
  return {
    limit: spec.retry?.limit ?? defaults.retry.limit,
    initialMilliseconds: durationMilliseconds(spec.retry?.backoff?.initial ?? defaults.retry.initial),
    maxMilliseconds: durationMilliseconds(spec.retry?.backoff?.max ?? defaults.retry.max),
  }
}
