// What the machinery tells whoever measures it; operator/metrics/ turns it into Prometheus metrics.

export interface QueueMetrics {
  depth(queue: string, waiting: number): void
  added(queue: string): void
  retried(queue: string): void
  /** A key was taken after it waited this long. */
  waited(queue: string, seconds: number): void
  worked(queue: string, seconds: number): void
}

/** The words of controller-runtime, so that its dashboards work. */
export type ReconcileResult = 'success' | 'error' | 'requeue_after'

export interface ReconcileMetrics {
  /** How many keys this controller works on right now. */
  active(controller: string, workers: number): void
  reconciled(controller: string, result: ReconcileResult, seconds: number): void
}

export interface ClientMetrics {
  /** `code` is the HTTP status, or `<error>` when no answer came. */
  requested(code: string, method: string, host: string): void
}

export interface LeadershipMetrics {
  leading(lease: string, leading: boolean): void
}

/** What went wrong in the background and was survived: `where` is a part (`watch jobs`), `error` what it met. For the log. */
export type Report = (where: string, error: unknown) => void
