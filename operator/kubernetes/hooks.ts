// Interfaces for metrics and error reports of this folder; operator/metrics/ implements them with Prometheus metrics.

export interface QueueMetrics {
  depth(queue: string, waiting: number): void
  added(queue: string): void
  retried(queue: string): void
  /** A key was taken after it waited this long. */
  waited(queue: string, seconds: number): void
  worked(queue: string, seconds: number): void
}

/** The same values as in controller-runtime, so that its dashboards work. */
export type ReconcileResult = 'success' | 'error' | 'requeue_after'

export interface ReconcileMetrics {
  /** Number of keys that the controller is reconciling. */
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

/** Logs an error in the background that the operator recovers from. `where` names the component, such as `watch jobs`. */
export type Report = (where: string, error: unknown) => void
