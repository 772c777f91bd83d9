// Everything the headgate command takes from the environment. The only file of cli/ that reads it.
import { existsSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

export type CliConfig = {
  /** Folder of the local mode's database and state; HEADGATE_HOME, by default `.headgate` in the current folder. */
  home: string
  /** What people call the command by: `headgate`, or `kubectl headgate` when kubectl started it (bin/kubectl-headgate). */
  program: string
  /** Where a kubeconfig may be: KUBECONFIG's list, or ~/.kube/config. */
  kubeconfigs: string[]
  /** Password for the role of `headgate store tenant`, HEADGATE_TENANT_PASSWORD; undefined: it keeps what it has. */
  tenantPassword: string | undefined
  /** Whether this is a pod with an account of its own. */
  serviceAccount: boolean
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
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '')
  return {
    home: environment.HEADGATE_HOME || '.headgate',
    program: environment.HEADGATE_PROGRAM || 'headgate',
    kubeconfigs: listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')],
    tenantPassword: environment.HEADGATE_TENANT_PASSWORD || undefined,
    serviceAccount: environment.KUBERNETES_SERVICE_HOST !== undefined && existsSync('/var/run/secrets/kubernetes.io/serviceaccount/token'),
  }
}
