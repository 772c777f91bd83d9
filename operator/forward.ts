// From the watches, which never end, to the term under way, if there is one; it begins by looking at everything.
import type { Handlers } from './caches.ts'
import type { RunMetrics } from './metrics/runs.ts'

export function forward(term: () => { handlers: Handlers } | undefined, counts: Pick<RunMetrics, 'changed' | 'pipelineChanged'>): Handlers {
  return {
    pipelines: (key, kept, before) => {
      counts.pipelineChanged(kept, before)
      term()?.handlers.pipelines(key, kept, before)
    },
    runs: (key, kept, before) => {
      counts.changed(kept, before)
      term()?.handlers.runs(key, kept, before)
    },
    cronJobs: (...change) => term()?.handlers.cronJobs(...change),
    ticks: (...change) => term()?.handlers.ticks(...change),
    jobs: (...change) => term()?.handlers.jobs(...change),
    pods: (...change) => term()?.handlers.pods(...change),
  }
}
