// The controller of runs: reads the caches, lets a pure function decide, and acts on one difference. Made in main.ts.
import { concurrencyOf } from '../../crds/defaults.ts'
import { namespaceOf, scopedClient, scopedRecorder } from '../kubernetes/scoped.ts'
import { admitOrWait } from './admission/act.ts'
import { AdmissionDesk } from './admission/desk.ts'
import { cancelUnstarted, stopLeftover } from './cancel/act.ts'
import { jobOf, observeRun } from './observe/act.ts'
import type { RunController, RunParts } from './parts.ts'
import type { Again, RunContext } from './run-context.ts'
import { hasEnded, hasStarted } from './run-state.ts'
import { RunWriter } from './run-writer.ts'

/** Start its workers only when all caches are filled: what is not in them counts as not there. */
export function createRunController(parts: RunParts): RunController {
  const { pipelines, queue } = parts
  const desk = new AdmissionDesk({
    maxActiveRuns: parts.settings.maxActiveRuns,
    maxActiveRunsPerNamespace: parts.settings.limits.runsPerNamespace,
    concurrency: (pipeline) => {
      const kept = pipelines.get(pipeline)
      return kept === undefined || kept.metadata.deletionTimestamp !== undefined ? undefined : concurrencyOf(kept.spec)
    },
    isOver: (key) => {
      const run = parts.runs.get(key)
      return run !== undefined && jobOf(parts, run)?.end !== undefined
    },
    wake: (key) => queue.add(key),
  })
  const context: RunContext = { ...parts, desk, writer: new RunWriter(), memories: new Map() }
  return {
    reconcile: (key) => reconcile(scoped(context, key), key),
    onRun: (key, run) => {
      // Not an older status than was written: a run that has ended must not queue up again.
      desk.see(key, run && context.writer.latest(run))
      if (run === undefined) forget(context, key)
      queue.add(key)
    },
    onPipeline: () => desk.reconsider(),
    onJob: (key) => queue.add(key),
    onPod: (_, pod, before) => {
      const run = (pod ?? before)?.run
      if (run !== undefined) queue.add(run)
    },
  }
}

function scoped(context: RunContext, key: string): RunContext {
  const namespace = namespaceOf(key)
  return { ...context, client: scopedClient(context.client, namespace), recorder: scopedRecorder(context.recorder, namespace) }
}

async function reconcile(context: RunContext, key: string): Promise<Again> {
  const cached = context.runs.get(key)
  if (cached === undefined) return undefined
  const run = context.writer.latest(cached)
  if (hasEnded(run)) return await stopLeftover(context, run)
  if (run.metadata.deletionTimestamp !== undefined) return undefined
  if (hasStarted(run)) return await observeRun(context, run)
  return run.spec.cancel === true ? await cancelUnstarted(context, run) : await admitOrWait(context, run)
}

function forget({ writer, memories }: RunContext, key: string): void {
  writer.forget(key)
  memories.delete(key)
}
