// Everything the headgate command takes from the environment. The only file of cli/ that reads it.
import { getCompileCacheDir } from 'node:module'

export type CliConfig = {
  /** Folder of the local mode's database and state; HEADGATE_HOME, by default `.headgate` in the current folder. */
  home: string
}

/** What a worker process gets: this command's own environment and what runner/config.ts asks for. */
export function workerEnvironment({ run, folder, databaseUrl }: { run: { name: string }; folder: string; databaseUrl: string }): NodeJS.ProcessEnv {
  return {
    ...process.env,
    HEADGATE_STORE_URL: databaseUrl,
    HEADGATE_RUN: run.name,
    HEADGATE_FOLDER: folder,
    NODE_COMPILE_CACHE: getCompileCacheDir(),
  }
}

export function cliConfig(environment: NodeJS.ProcessEnv = process.env): CliConfig {
  return { home: environment.HEADGATE_HOME || '.headgate' }
}
