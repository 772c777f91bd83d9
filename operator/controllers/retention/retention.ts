// The retention controller: deletes expired Jobs, then their finished runs, and expired rows of the store. One reconcile handles one run; a
// periodic sweep finds the runs that are due. Started by term.ts.
import type { CachedPipeline } from '../../cache/cached.ts'
import { type CachedRun, pipelineKey } from '../../cache/runs.ts'
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
    const deps = { ...parts, ...parts.caches, jobTtlMs: parts.settings.jobTtlMs }
    const { clock, random, store } = parts
    const addAfter = (key: string, milliseconds: number) => queue.addAfter(key, milliseconds)
    const sweeping = (signal: AbortSignal) => sweep({ clock, random, due: () => expired(deps), addAfter }, signal)
    const pruning = store && ((signal: AbortSignal) => pruneStore({ ...deps, prune: store.prune, onPruned: (rows) => count(parts, rows) }, signal))
    return { reconcile: scopedController(deps, reconcileRun), loops: pruning === undefined ? [sweeping] : [sweeping, pruning] }
  },
} satisfies Controller

function count({ runMetrics }: ControllerParts, rows: { runs: number; quarantine: number }): void {
  runMetrics.pruned('runs', rows.runs)
  runMetrics.pruned('quarantine', rows.quarantine)
}

type RetentionParts = Pick<ControllerParts, 'client' | 'clock'> & {
  pipelines: Pick<Cache<CachedPipeline>, 'get'>
  runs: Pick<Cache<CachedRun>, 'get' | 'keys'>
  /** Keyed like runs: a Job has the name of its run. */
  jobs: Pick<Cache<{ uid: string; owner: { uid: string } | undefined }>, 'get'>
  jobTtlMs: number
}

export type SweepOptions = {
  clock: Clock
  random: () => number
  /** Returns the keys that are due. */
  due: () => Iterable<string>
  /** Enqueues a key after a delay. */
  addAfter: (key: string, milliseconds: number) => void
  everyMs?: number
}

const tenMinutes = 600_000

/** Sweeps first within a minute after the start. Spreads the due keys over half of the interval. */
export async function sweep({ clock, random, due, addAfter, everyMs = tenMinutes }: SweepOptions, signal: AbortSignal): Promise<void> {
  await sleep(clock, everyMs * 0.1 * random(), signal)
  while (!signal.aborted) {
    for (const key of due()) addAfter(key, everyMs * 0.5 * random())
    await sleep(clock, everyMs * (0.9 + 0.2 * random()), signal)
  }
}

/** Keys are `namespace/name` of runs. */
function reconcileRun(deps: RetentionParts): Reconcile {
  return async (key) => {
    const run = deps.runs.get(key)
    if (run === undefined) return undefined
    const due = expiryOf(deps, key, run)
    const { name, namespace, uid, resourceVersion } = run.metadata
    const job = deps.jobs.get(key)
    try {
      // The resourceVersion prevents the deletion of a run that was just changed.
      if (due === 'run') await deps.client.delete(pipelineRuns, name, namespace, { propagation: 'Background', preconditions: { uid, resourceVersion } })
      else if (due === 'job' && job?.owner?.uid === uid) {
        await deps.client.delete(jobs, name, namespace, { propagation: 'Background', preconditions: { uid: job.uid } })
      }
    } catch (error) {
      if (!isConflict(error)) throw error
    }
    return undefined
  }
}

/** Keys of runs of which something is due. Scans all runs, so call it rarely. */
function* expired(deps: RetentionParts): IterableIterator<string> {
  for (const key of deps.runs.keys()) {
    const run = deps.runs.get(key)
    const due = run === undefined ? 'nothing' : expiryOf(deps, key, run)
    if (due === 'run' || (due === 'job' && deps.jobs.get(key) !== undefined)) yield key
  }
}

function expiryOf({ pipelines, jobs, jobTtlMs, clock }: RetentionParts, key: string, run: CachedRun): Expiry {
  return decideExpiry(run, pipelines.get(pipelineKey(run)), jobs.get(key) === undefined ? Number.POSITIVE_INFINITY : jobTtlMs, clock.now())
}
