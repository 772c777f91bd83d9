// What a worker process is told by its environment.
import { HeadgateError } from '../sdk/index.ts'

/** A worker of the local mode, which has created the run. */
export type LocalWorkerConfig = {
  mode: 'local'
  /** PostgreSQL URL of the store. */
  storeUrl: string
  /** Name of the run to work on. */
  run: string
  /** Folder against which relative paths in the pipeline are resolved. */
  folder: string
}

/** A pod of a PipelineRun's Job. */
export type ClusterWorkerConfig = {
  mode: 'cluster'
  storeUrl: string
  /** Undefined: no Redis on this cluster. */
  redisUrl: string | undefined
  /** File with the run's RunSnapshot. */
  snapshotFile: string
  /** SHA-256 of that file, as the operator recorded it; undefined: not checked. */
  snapshotHash?: string | undefined
  folder: string
  /** Folder of the image whose files plugins may be, besides packages; undefined: any file. */
  pluginFolder?: string | undefined
  /** The pod's name. */
  worker: string
  /** File for the WorkerReport, which Kubernetes hands on as the container's termination message. */
  reportFile: string
}

/** One that only a run knows the name of, such as a secret's. */
export function environmentVariable(name: string): string | undefined {
  return process.env[name]
}

/** Throws HeadgateError InvalidConfig that names what is missing. */
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
  if (value === undefined || value === '') throw new HeadgateError('InvalidConfig', `${name} is not set; a worker needs it in its environment`)
  return value
}
