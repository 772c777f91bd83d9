// The controller of retention: deletes what was kept for long enough: finished runs, before them their Jobs, and what the store may
// delete. One reconcile is one run; a sweep finds the runs that are due.
import type { KeptPipeline } from '../../cache/kept.ts'
import { type KeptRun, pipelineKey } from '../../cache/runs.ts'
import { isConflict } from '../../kubernetes/api-error.ts'
import type { Cache } from '../../kubernetes/cache.ts'
import { type Clock, sleep } from '../../kubernetes/clock.ts'
import { jobs, pipelineRuns } from '../../kubernetes/resources.ts'
import { scopedController } from '../../kubernetes/scoped.ts'
import type { Reconcile } from '../../kubernetes/workers.ts'
import type { Controller, ControllerParts } from '../controller.ts'
import { decideExpiry, type Expiry } from './decide.ts'
import { pruneStore } from './prune-store.ts'

export const retentionController = {
  name: 'retention',
  workers: 2,
  start: (parts, queue) => {
    const its = { ...parts, ...parts.caches, jobTtlMs: parts.settings.jobTtlMs }
    const { clock, random, store } = parts
    const addAfter = (key: string, milliseconds: number) => queue.addAfter(key, milliseconds)
    const sweeping = (signal: AbortSignal) => sweep({ clock, random, due: () => expired(its), addAfter }, signal)
    const pruning = store && ((signal: AbortSignal) => pruneStore({ ...its, prune: store.prune, onPruned: (rows) => count(parts, rows) }, signal))
    return { reconcile: scopedController(its, reconcileRun), loops: pruning === undefined ? [sweeping] : [sweeping, pruning] }
  },
} satisfies Controller

function count({ runMetrics }: ControllerParts, rows: { runs: number; quarantine: number }): void {
  runMetrics.pruned('runs', rows.runs)
  runMetrics.pruned('quarantine', rows.quarantine)
}

type RetentionParts = Pick<ControllerParts, 'client' | 'clock'> & {
  pipelines: Pick<Cache<KeptPipeline>, 'get'>
  runs: Pick<Cache<KeptRun>, 'get' | 'keys'>
  /** The Job of a run has its name. */
  jobs: Pick<Cache<{ uid: string; owner: { uid: string } | undefined }>, 'get'>
  jobTtlMs: number
}

export type SweepOptions = {
  clock: Clock
  random: () => number
  /** Keys that are due. */
  due: () => Iterable<string>
  /** Enqueues a key for later. */
  addAfter: (key: string, milliseconds: number) => void
  everyMs?: number
}

const tenMinutes = 600_000

/** The first sweep comes soon after the start; what is due is then spread over half the time until the next. */
export async function sweep({ clock, random, due, addAfter, everyMs = tenMinutes }: SweepOptions, signal: AbortSignal): Promise<void> {
  await sleep(clock, everyMs * 0.1 * random(), signal)
  while (!signal.aborted) {
    for (const key of due()) addAfter(key, everyMs * 0.5 * random())
    await sleep(clock, everyMs * (0.9 + 0.2 * random()), signal)
  }
}

/** Keys are `namespace/name` of runs. */
function reconcileRun(its: RetentionParts): Reconcile {
  return async (key) => {
    const run = its.runs.get(key)
    if (run === undefined) return undefined
    const due = expiryOf(its, key, run)
    const { name, namespace, uid, resourceVersion } = run.metadata
    const job = its.jobs.get(key)
    try {
      // The version keeps a run that somebody has just changed; what it owns is collected after it.
      if (due === 'run') await its.client.delete(pipelineRuns, name, namespace, { propagation: 'Background', preconditions: { uid, resourceVersion } })
      else if (due === 'job' && job?.owner?.uid === uid) {
        await its.client.delete(jobs, name, namespace, { propagation: 'Background', preconditions: { uid: job.uid } })
      }
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    return undefined
  }
}

/** The runs of which something is due. Looks at all of them, so it is for a sweep every ten minutes. */
function* expired(its: RetentionParts): IterableIterator<string> {
  for (const key of its.runs.keys()) {
    const run = its.runs.get(key)
    const due = run === undefined ? 'nothing' : expiryOf(its, key, run)
    if (due === 'run' || (due === 'job' && its.jobs.get(key) !== undefined)) yield key
  }
}

function expiryOf({ pipelines, jobs, jobTtlMs, clock }: RetentionParts, key: string, run: KeptRun): Expiry {
  return decideExpiry(run, pipelines.get(pipelineKey(run)), jobs.get(key) === undefined ? Number.POSITIVE_INFINITY : jobTtlMs, clock.now())
}
