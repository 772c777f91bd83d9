// Runs all controllers on a real API server, in the test's process and without a lease, for tests of their interaction.
import { Registry } from 'prom-client'
import { createCaches, forward, startWatches } from '../cache/caches.ts'
import type { CancelSignal } from '../controllers/controller.ts'
import type { KubeClient } from '../kubernetes/client.ts'
import { systemClock } from '../kubernetes/clock.ts'
import { EventRecorder } from '../kubernetes/events.ts'
import { machineryMetrics } from '../metrics/controller.ts'
import { runMetrics } from '../metrics/runs.ts'
import { startTerm, type Term, type TermOptions } from '../term.ts'
import { noLimits } from './limits.ts'

export type TestOperatorOptions = { client: KubeClient; namespace: string; cancelSignal?: CancelSignal } & Partial<
  Pick<TermOptions, 'progressSources' | 'settings' | 'store' | 'random'>
>

export type TestOperator = { registry: Registry; problems: unknown[]; progressAnswers: string[]; stop(): Promise<void> }

export async function startTestOperator({ client, namespace, ...more }: TestOperatorOptions): Promise<TestOperator> {
  const [registry, caches, stop] = [new Registry(), createCaches(), new AbortController()]
  const [problems, progressAnswers] = [[] as unknown[], [] as string[]]
  const report = (where: string, error: unknown) => void problems.push(where, error)
  const events = new EventRecorder({ client, instance: 'test', report })
  const counts = runMetrics(registry, () => true)
  const settings = { workerImage: 'headgate:test', maxActiveRuns: 100, limits: noLimits, jobTtlMs: 3_600_000 }
  const parts = { client, caches, events, settings, store: undefined, cancelSignal: undefined, progressSources: [], report, clock: systemClock, ...more }
  const onProgressAnswer = (source: string, error: unknown) => void progressAnswers.push(`${source} ${error === undefined ? 'up' : 'down'}`)
  let term: Term | undefined
  const watches = startWatches({ client, caches, handlers: forward(() => [counts.handlers, term?.handlers]), report, namespaces: [namespace] })
  await watches.synced
  term = startTerm({ random: Math.random, ...parts, onProgressAnswer, metrics: machineryMetrics(registry), runMetrics: counts })
  const working = term.run(stop.signal)
  return {
    registry,
    problems,
    progressAnswers,
    stop: async () => {
      stop.abort()
      await working
      await Promise.all([watches.stop(), events.stop()])
    },
  }
}
