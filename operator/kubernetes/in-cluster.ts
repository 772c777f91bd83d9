// Configuration for access to the API server from a pod. KubeConfig supports that too, but loading the library takes 60 MB and most of a
// second. main.ts uses this module in a cluster, and KubeConfig elsewhere.
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { ClusterConfig } from './access.ts'

export type PodEnvironment = {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  host: string
  port: string
  /** Mount path of the service account. */
  folder?: string
}

export function inClusterConfig({ host, port, folder = '/var/run/secrets/kubernetes.io/serviceaccount' }: PodEnvironment): ClusterConfig {
  const caFile = join(folder, 'ca.crt')
  const cluster = { name: 'in-cluster', server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`, caFile, skipTLSVerify: false }
  return {
    getCurrentCluster: () => cluster,
    // Both files are replaced while the pod runs, so read them each time; that takes microseconds.
    applyToHTTPSOptions: async (options) => {
      options.ca = readFileSync(caFile)
      options.headers = { Authorization: `Bearer ${readFileSync(join(folder, 'token'), 'utf8').trim()}` }
    },
    createDispatcherOptions: (_, { ca }) => ({ type: 'agent', connect: { ca } }),
  }
}
