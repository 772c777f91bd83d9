// What a worker process is told by its environment.
import { HeadgateError } from '../sdk/index.ts'

export type WorkerConfig = {
  /** PostgreSQL URL of the store. */
  storeUrl: string
  /** Name of the run to work on. */
  run: string
  /** Folder against which relative paths in the pipeline are resolved. */
  folder: string
}

/** Throws HeadgateError InvalidConfig that names what is missing. */
export function workerConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  return {
    storeUrl: required(environment, 'HEADGATE_STORE_URL'),
    run: required(environment, 'HEADGATE_RUN'),
    folder: environment.HEADGATE_FOLDER ?? process.cwd(),
  }
}

function required(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name]
  if (value === undefined || value === '') throw new HeadgateError('InvalidConfig', `${name} is not set; a worker needs it in its environment`)
  return value
}
