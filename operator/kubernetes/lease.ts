// Leader election by a Lease: of several operators one works, and one that was frozen knows it before it writes again.
import type { KubeClient } from './client.ts'
import type { Clock } from './clock.ts'
import type { LeadershipMetrics, Report } from './hooks.ts'

export type LeaseOptions = {
  client: Pick<KubeClient, 'get' | 'create' | 'replace'>
  namespace: string
  name: string
  /** Unique per process: the pod's name and something random. */
  identity: string
  report: Report
  clock?: Clock
  random?: () => number
  metrics?: LeadershipMetrics
  /** Others take over when the lease was not renewed for so long. */
  leaseMs?: number
  /** The holder gives up when it could not renew for so long; less than `leaseMs`. */
  renewDeadlineMs?: number
  retryMs?: number
}

export type Leading = {
  /** Called when this process becomes the leader; the signal is aborted when that ends. May run as long as it leads. */
  onStarted: (signal: AbortSignal) => Promise<void> | void
  /** Called after leadership was lost or given up and `onStarted` has returned. */
  onStopped?: () => void
}

/** Who may write. */
export interface Leadership {
  stillLeading(): boolean
}

export class LeaderElection implements Leadership {
  constructor(_options: LeaseOptions) {}

  /** Whether the lease was renewed recently enough that nobody else can hold it. Cheap; ask before every write. */
  stillLeading(): boolean {
    return false
  }

  /** Who holds the lease, as far as known. */
  get leader(): string | undefined {
    return undefined
  }

  /** Takes part until the signal is aborted; then lets the work end, gives the lease back and returns. */
  async run(_leading: Leading, _signal: AbortSignal): Promise<void> {}
}

/** A client that refuses to write (ApiError `NotLeading`) when this process is not, or not surely, the leader. Reads pass. */
export function guarded(_client: KubeClient, _leadership: Leadership): KubeClient {
  throw new Error('to be written')
}
