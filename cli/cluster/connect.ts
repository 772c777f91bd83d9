// From kubeconfig and options to a client and a namespace. Called by every verb that talks to a cluster.
import { existsSync } from 'node:fs'
import { KubeConfig } from '@kubernetes/client-node'
import { createClient, type KubeClient } from '../../operator/kubernetes/client.ts'
import { HeadgateError } from '../../sdk/errors.ts'
import { type CliConfig, cliConfig } from '../config.ts'

export type ConnectOptions = { namespace?: string; context?: string; kubeconfig?: string }

export type Cluster = { client: KubeClient; kubeConfig: KubeConfig; namespace: string; close(): Promise<void> }

/** Sends nothing yet. */
export function connect(options: ConnectOptions, config: CliConfig = cliConfig()): Cluster {
  const kubeConfig = load(options, config)
  choose(kubeConfig, options.context)
  const client = createClient(kubeConfig, { userAgent: 'headgate-cli' })
  const namespace = options.namespace ?? (kubeConfig.getContextObject(kubeConfig.currentContext)?.namespace || 'default')
  return { client, kubeConfig, namespace, close: () => client.close() }
}

/** Opens the cluster for as long as `work` takes. */
export async function onCluster<T>(options: ConnectOptions, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const { clusterFailure } = await import('./failure.ts')
  const cluster = connect(options)
  try {
    return await work(cluster)
  } catch (error) {
    throw clusterFailure(error, cluster)
  } finally {
    await cluster.close()
  }
}

function load({ kubeconfig }: ConnectOptions, { kubeconfigs, serviceAccount }: CliConfig): KubeConfig {
  const files = kubeconfig === undefined ? kubeconfigs.filter(existsSync) : [kubeconfig]
  const loaded = new KubeConfig()
  if (files.length === 0 && serviceAccount) loaded.loadFromCluster()
  else if (files.length === 0) {
    throw new HeadgateError(
      'ClusterNotConfigured',
      `no cluster is chosen: there is no ${kubeconfigs.join(' and no ')}; name a kubeconfig with --kubeconfig or KUBECONFIG`,
    )
  }
  for (const [place, file] of files.entries()) {
    try {
      const one = new KubeConfig()
      one.loadFromFile(file)
      if (place === 0) loaded.loadFromFile(file)
      else loaded.mergeConfig(one, loaded.currentContext !== '')
    } catch (error) {
      throw new HeadgateError('InvalidConfig', `the kubeconfig ${file} cannot be read: ${reasonOf(error)}; correct it or name another with --kubeconfig`)
    }
  }
  return loaded
}

/** Quotes nothing of the file, which holds credentials. */
function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'you may not read it'
  return code ?? 'it is no kubeconfig'
}

function choose(kubeConfig: KubeConfig, context: string | undefined): void {
  const names = kubeConfig.getContexts().map(({ name }) => name)
  const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`
  if (context !== undefined) {
    if (!names.includes(context)) throw new HeadgateError('InvalidConfig', `the kubeconfig has no context ${context}; ${there}`)
    kubeConfig.setCurrentContext(context)
  }
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) throw new HeadgateError('InvalidConfig', `the kubeconfig’s current context names no cluster; choose a context with --context: ${there}`)
}
