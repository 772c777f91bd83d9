// The operator's picture of the cluster: caches, and the reflectors that keep them. Filled whether or not this process leads.
import { labels } from '../crds/metadata.ts'
import { type KeptJob, keepJob } from './controllers/observe/kept-job.ts'
import { type KeptPod, keepPod, podIndexes } from './controllers/observe/kept-pod.ts'
import { phaseOf } from './controllers/pipeline-status/decide.ts'
import { pipelineKey } from './controllers/run-state.ts'
import {
  type KeptCronJob,
  type KeptPipeline,
  type KeptRun,
  type KeptTick,
  keepCronJob,
  keepPipeline,
  keepRun,
  keepTick,
  pipelineOfSchedule,
  scheduleComponent,
} from './kept.ts'
import { Cache } from './kubernetes/cache.ts'
import type { KubeClient } from './kubernetes/client.ts'
import type { Report } from './kubernetes/hooks.ts'
import type { KubeObject } from './kubernetes/objects.ts'
import { type Reflector, startReflector } from './kubernetes/reflector.ts'
import { cronJobs, jobs, pipelineRuns, pipelines, pods, type Resource } from './kubernetes/resources.ts'

export type Kinds = { pipelines: KeptPipeline; runs: KeptRun; cronJobs: KeptCronJob; ticks: KeptTick; jobs: KeptJob; pods: KeptPod }
export type Caches = { [Kind in keyof Kinds]: Cache<Kinds[Kind]> }
export type Handlers = { [Kind in keyof Kinds]: (key: string, kept: Kinds[Kind] | undefined, before: Kinds[Kind] | undefined) => void }

export function createCaches(): Caches {
  return {
    pipelines: new Cache(),
    runs: new Cache<KeptRun>({ pipeline: pipelineKey, phase: phaseOf }),
    cronJobs: new Cache(),
    ticks: new Cache<KeptTick>({ pipeline: pipelineOfSchedule }),
    jobs: new Cache(),
    pods: new Cache<KeptPod>(podIndexes),
  }
}

export type Watches = {
  synced: Promise<void>
  /** Kinds whose first list is not in the cache yet. */
  missing(): string[]
  stop(): Promise<void>
}

export type WatchOptions = { client: KubeClient; caches: Caches; handlers: Handlers; report: Report /** Empty: all. */; namespaces: readonly string[] }

const ours = `${labels.managedBy}=headgate`

export function startWatches({ client, caches, handlers, report, namespaces }: WatchOptions): Watches {
  const started: { kind: string; reflector: Reflector }[] = []
  const watch = <T extends KubeObject, Kind extends keyof Kinds>(
    kind: Kind,
    resource: Resource<T>,
    keep: (object: T) => Kinds[Kind],
    labelSelector?: string,
  ) => {
    const common = { client, resource, keep, cache: caches[kind], onChange: handlers[kind], report, labelSelector }
    const places = namespaces.length === 0 ? [undefined] : namespaces
    for (const namespace of places) started.push({ kind, reflector: startReflector({ ...common, namespace }) })
  }
  watch('pipelines', pipelines, keepPipeline)
  watch('runs', pipelineRuns, keepRun)
  watch('cronJobs', cronJobs, keepCronJob, ours)
  watch('ticks', jobs, keepTick, `${ours},${labels.component}=${scheduleComponent}`)
  watch('jobs', jobs, keepJob, `${ours},${labels.component}=worker`)
  watch('pods', pods, keepPod, `${ours},${labels.component}=worker`)
  return {
    synced: Promise.all(started.map(({ reflector }) => reflector.synced)).then(() => undefined),
    missing: () => [...new Set(started.filter(({ reflector }) => !reflector.isSynced).map(({ kind }) => kind))],
    stop: async () => {
      await Promise.all(started.map(({ reflector }) => reflector.stop()))
    },
  }
}
