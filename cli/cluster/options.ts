// The options of everything that talks to a cluster, named and meant as kubectl's. Used by commands/cluster-verbs.ts.
import { type Command, InvalidArgumentError } from 'commander'
import { durationMilliseconds } from '../../crds/durations.ts'
import type { ConnectOptions } from './connect.ts'

export type ClusterOptions = ConnectOptions & { allNamespaces?: boolean }

export function withCluster(command: Command): Command {
  return command
    .option('-n, --namespace <name>', 'namespace; by default the one of the kubeconfig’s context')
    .option('--context <name>', 'context of the kubeconfig; by default the current one')
    .option('--kubeconfig <file>', 'kubeconfig; by default KUBECONFIG, then ~/.kube/config, then a pod’s own account')
}

/** Milliseconds of 30s, 10m, 2h. */
export function waitingTime(text: string): number {
  try {
    const milliseconds = durationMilliseconds(text)
    if (milliseconds > 0 && milliseconds <= 2_147_483_647) return milliseconds
  } catch {}
  throw new InvalidArgumentError('give a duration such as 90s, 30m or 2h, of at most 24 days')
}
