// Configuration of a worker process, read from its environment variables. Called by main.ts.
import { HeadgateError } from '../sdk/index.ts'

/** A worker of the local mode. The run exists already. */
export type LocalWorkerConfig = {
  mode: 'local'
  /** PostgreSQL URL of the store. */
  storeUrl: string
  /** Name of the run to work on. */
  run: string
  /** Folder that relative paths of the pipeline are resolved against. */
  folder: string
}

/** A pod of a PipelineRun's Job. */
export type ClusterWorkerConfig = {
  mode: 'cluster'
  storeUrl: string
  /** Undefined if the cluster has no Redis. */
  redisUrl: string | undefined
  /** File with the run's RunSnapshot. */
  snapshotFile: string
  /** SHA-256 of that file, as the operator recorded it. Not checked if undefined. */
  snapshotHash?: string | undefined
  folder: string
  /** Folder of the image that plugin files must be in; plugins may also be packages. If undefined, plugins may be any file. */
  pluginFolder?: string | undefined
  /** The pod's name. */
  worker: string
  /** File for the WorkerReport. Kubernetes reads it as the container's termination message. */
  reportFile: string
}

/** An environment variable whose name depends on the run, such as that of a secret. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name]
}

/** Throws InvalidConfig, naming the missing variable. */
export function workerConfig(environment: NodeJS.ProcessEnv = process.env): LocalWorkerConfig | ClusterWorkerConfig {
  const storeUrl = required(environment, 'HEADGATE_STORE_URL')
  const folder = environment.HEADGATE_FOLDER || process.cwd()
  const snapshotFile = environment.HEADGATE_SNAPSHOT
  if (!snapshotFile) return { mode: 'local', storeUrl, folder, run: required(environment, 'HEADGATE_RUN') }
  return {
    mode: 'cluster',
    storeUrl,
    folder,
    snapshotFile,
    snapshotHash: environment.HEADGATE_SNAPSHOT_SHA256 || undefined,
    pluginFolder: environment.HEADGATE_PLUGIN_FOLDER || undefined,
    redisUrl: environment.HEADGATE_REDIS_URL || undefined,
    worker: required(environment, 'HEADGATE_WORKER'),
    reportFile: environment.HEADGATE_REPORT || '/dev/termination-log',
  }
}

function required(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name]
  if (value === undefined || value === '') throw new HeadgateError('InvalidConfig', `environment variable ${name} is not set; set it for the worker`)
  return value
}
