// The run controller: reads the caches, picks one step, and applies one change per reconcile. The steps are the folders beside this file;
// no step imports another, and only this file defines their order. Started by term.ts.
import { concurrencyOf } from '../../../crds/defaults.ts'
import type { Caches } from '../../cache/caches.ts'
import { type CachedRun, hasEnded, hasStarted, runKey } from '../../cache/runs.ts'
import type { WorkQueue } from '../../kubernetes/queue.ts'
import { scopedController } from '../../kubernetes/scoped.ts'
import type { Controller, ControllerParts, Started } from '../controller.ts'
import { settle } from './admission/admission.ts'
import { AdmissionQueue } from './admission/queue.ts'
import { cancelUnstarted, stopLeftover, stopRun } from './cancel/cancel.ts'
import type { Requeue, RunContext } from './context.ts'
import { followRun } from './observe/observe.ts'
import { awaitPipeline } from './start/not-started.ts'
import { unrecordedJob } from './start/objects.ts'
import { startRun } from './start/start.ts'
import { RunStatusWriter } from './status.ts'
import { jobOf } from './workers.ts'

export type RunParts = Pick<RunContext, 'client' | 'events' | 'clock' | 'report' | 'cancelSignal' | 'settings' | 'store' | 'runMetrics'> &
  Pick<ControllerParts, 'progress'> & { caches: Pick<Caches, 'runs' | 'pipelines' | 'jobs' | 'pods'> }

export const runController = {
  name: 'run',
  workers: 16,
  start: (parts: RunParts, queue: Pick<WorkQueue, 'add'>) => {
    const admissions = admissionsOf(parts, queue)
    const context: RunContext = { ...parts, ...parts.caches, admissions, writer: new RunStatusWriter(), memories: new Map() }
    parts.progress.onNews((run) => queue.add(run))
    return {
      reconcile: scopedController(context, (scoped) => (key) => reconcile(scoped, admissions, key)),
      wakes: {
        runs: (key, run) => {
          // Use the latest written status: with an older one from the cache, an ended run would be queued again.
          admissions.see(key, run && context.writer.latest(run))
          if (run === undefined) forget(context, key)
          queue.add(key)
        },
        pipelines: () => admissions.reconsider(),
        jobs: (key) => queue.add(key),
        pods: (_key, pod, before) => {
          const run = (pod ?? before)?.run
          if (run !== undefined) queue.add(run)
        },
      },
    } satisfies Started
  },
} satisfies Controller

function admissionsOf({ caches, settings }: RunParts, queue: Pick<WorkQueue, 'add'>): AdmissionQueue {
  return new AdmissionQueue({
    maxActiveRuns: settings.maxActiveRuns,
    maxActiveRunsPerNamespace: settings.limits.runsPerNamespace,
    concurrency: (key) => {
      const pipeline = caches.pipelines.get(key)
      return pipeline === undefined || pipeline.metadata.deletionTimestamp !== undefined ? undefined : concurrencyOf(pipeline.spec)
    },
    isOver: (key) => {
      const run = caches.runs.get(key)
      return run !== undefined && jobOf(caches, run)?.end !== undefined
    },
    wake: (key) => queue.add(key),
  })
}

async function reconcile(context: RunContext, admissions: AdmissionQueue, key: string): Promise<Requeue> {
  const cached = context.runs.get(key)
  if (cached === undefined) return undefined
  const run = context.writer.latest(cached)
  if (hasEnded(run)) return await stopLeftover(context, run)
  if (run.metadata.deletionTimestamp !== undefined) return undefined
  if (hasStarted(run)) return await followRun(context, run, stopRun)
  if (run.spec.cancel === true) return await cancelUnstarted(context, run, await unrecordedJob(context, run))
  return await admit(context, admissions, run)
}

/** A run that has not started. */
async function admit(context: RunContext, admissions: AdmissionQueue, run: CachedRun): Promise<Requeue> {
  const admission = admissions.ask(runKey(run))
  if (admission?.kind === 'Admit') return await startRun(context, run)
  if (admission?.kind === 'NoPipeline') return await awaitPipeline(context, run)
  return admission && (await settle(context, run, admission))
}

function forget({ writer, memories }: RunContext, key: string): void {
  writer.forget(key)
  memories.delete(key)
}
