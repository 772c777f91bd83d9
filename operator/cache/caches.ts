// The operator's caches of cluster objects, and the reflectors that fill them, whether or not this process leads. Created by main.ts.
import { labels } from '../../crds/metadata.ts'
import { Cache } from '../kubernetes/cache.ts'
import type { KubeClient } from '../kubernetes/client.ts'
import type { Report } from '../kubernetes/hooks.ts'
import type { KubeObject } from '../kubernetes/objects.ts'
import { type Reflector, startReflector } from '../kubernetes/reflector.ts'
import { cronJobs, jobs, pipelineRuns, pipelines, pods, type Resource } from '../kubernetes/resources.ts'
import {
  type CachedCronJob,
  type CachedPipeline,
  type CachedTick,
  scheduleComponent,
  tickIndexes,
  toCachedCronJob,
  toCachedPipeline,
  toCachedTick,
} from './cached.ts'
import { type CachedJob, toCachedJob } from './jobs.ts'
import { type CachedPod, podIndexes, toCachedPod } from './pods.ts'
import { type CachedRun, runIndexes, toCachedRun } from './runs.ts'

/** `jobs` and `pods` are the Jobs and pods of runs; `ticks` are the Jobs of schedules. */
export type Kinds = { pipelines: CachedPipeline; runs: CachedRun; cronJobs: CachedCronJob; ticks: CachedTick; jobs: CachedJob; pods: CachedPod }
export type Caches = { [Kind in keyof Kinds]: Cache<Kinds[Kind]> }
export type Handlers = { [Kind in keyof Kinds]: (key: string, kept: Kinds[Kind] | undefined, before: Kinds[Kind] | undefined) => void }

export function createCaches(): Caches {
  return {
    pipelines: new Cache(),
    runs: new Cache<CachedRun>(runIndexes),
    cronJobs: new Cache(),
    ticks: new Cache<CachedTick>(tickIndexes),
    jobs: new Cache(),
    pods: new Cache<CachedPod>(podIndexes),
  }
}

type AnyHandler = (key: string, kept: unknown, before: unknown) => void

/** Forwards each change to every target. Calls `targets` at each change, because terms begin and end while the watches continue. */
export function forward(targets: () => readonly (Partial<Handlers> | undefined)[]): Handlers {
  const to = (kind: keyof Kinds): AnyHandler => {
    return (...change) => {
      for (const target of targets()) (target?.[kind] as AnyHandler | undefined)?.(...change)
    }
  }
  return { pipelines: to('pipelines'), runs: to('runs'), cronJobs: to('cronJobs'), ticks: to('ticks'), jobs: to('jobs'), pods: to('pods') }
}

/** Calls the handlers for every cached object, as if it had just been added. */
export function showAll(caches: Caches, handlers: Handlers): void {
  for (const kind of ['pipelines', 'cronJobs', 'ticks', 'pods', 'jobs', 'runs'] as const) {
    for (const key of caches[kind].keys()) (handlers[kind] as AnyHandler)(key, caches[kind].get(key), undefined)
  }
}

export type Watches = {
  synced: Promise<void>
  /** Kinds whose first list has not completed. */
  missing(): string[]
  stop(): Promise<void>
}

export type WatchOptions = {
  client: KubeClient
  caches: Caches
  handlers: Handlers
  report: Report /** Empty: all namespaces. */
  namespaces: readonly string[]
}

const managedByHeadgate = `${labels.managedBy}=headgate`

export function startWatches({ client, caches, handlers, report, namespaces }: WatchOptions): Watches {
  const started: { kind: string; reflector: Reflector }[] = []
  const watch = <T extends KubeObject, Kind extends keyof Kinds>(
    kind: Kind,
    resource: Resource<T>,
    keep: (object: T) => Kinds[Kind],
    labelSelector?: string,
  ) => {
    const common = { client, resource, keep, cache: caches[kind], onChange: handlers[kind], report, labelSelector }
    const scopes = namespaces.length === 0 ? [undefined] : namespaces
    for (const namespace of scopes) started.push({ kind, reflector: startReflector({ ...common, namespace }) })
  }
  watch('pipelines', pipelines, toCachedPipeline)
  watch('runs', pipelineRuns, toCachedRun)
  watch('cronJobs', cronJobs, toCachedCronJob, managedByHeadgate)
  watch('ticks', jobs, toCachedTick, `${managedByHeadgate},${labels.component}=${scheduleComponent}`)
  watch('jobs', jobs, toCachedJob, `${managedByHeadgate},${labels.component}=worker`)
  watch('pods', pods, toCachedPod, `${managedByHeadgate},${labels.component}=worker`)
  return {
    synced: Promise.all(started.map(({ reflector }) => reflector.synced)).then(() => undefined),
    missing: () => [...new Set(started.filter(({ reflector }) => !reflector.isSynced).map(({ kind }) => kind))],
    stop: async () => {
      await Promise.all(started.map(({ reflector }) => reflector.stop()))
    },
  }
}
