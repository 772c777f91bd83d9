// Applies the admission decision for a run that may not start now: queues it, ends it, or asks other runs to stop. Called by run.ts.
import { annotations } from '../../../../crds/metadata.ts'
import { toCachedJob } from '../../../cache/jobs.ts'
import { type CachedRun, isOwnJob } from '../../../cache/runs.ts'
import { isConflict, isNotFound } from '../../../kubernetes/api-error.ts'
import { partsOf } from '../../../kubernetes/objects.ts'
import { jobs, pipelineRuns } from '../../../kubernetes/resources.ts'
import type { Requeue, RunContext } from '../context.ts'
import { finish, writeOngoing } from '../status.ts'
import type { Admission } from './decide.ts'

const retryMs = 2000

/** A decision for a run that may not start now. */
type Unadmitted = Exclude<Admission, { kind: 'Admit' | 'NoPipeline' }>

export async function settle(context: RunContext, run: CachedRun, admission: Unadmitted): Promise<Requeue> {
  switch (admission.kind) {
    case 'Wait':
      if (admission.for === 'End') return undefined
      return await queue(context, run, waitMessage(admission.for, run, context.settings))
    case 'Skip':
      if (admission.active.length > 0 && (await areOver(context, admission.active))) return { requeueAfterMs: retryMs }
      return await finish(context, run, { phase: 'Skipped', condition: { reason: 'Skipped', message: skippedMessage(run) } })
    case 'Replaced':
      return await finish(context, run, {
        phase: 'Cancelled',
        condition: { reason: 'Cancelled', message: `replaced by run ${nameIn(admission.by)} before it started` },
      })
    case 'Replace':
      return await replace(context, run, admission)
  }
}

async function queue(context: RunContext, run: CachedRun, message: string): Promise<Requeue> {
  await writeOngoing(context, run, { phase: 'Queued', condition: { reason: 'Queued', message }, event: { action: 'Queue' } })
  return undefined
}

/** Asks the active runs to stop; this run starts when they have stopped. */
async function replace(context: RunContext, run: CachedRun, { active }: Extract<Admission, { kind: 'Replace' }>): Promise<Requeue> {
  for (const key of active) {
    const other = context.runs.get(key)
    if (other !== undefined && other.spec.cancel !== true) await askToStop(context, other, run.metadata.name)
  }
  return await queue(context, run, `waits until ${active.map(nameIn).join(', ')}, which this run replaces, has stopped`)
}

async function askToStop({ client }: RunContext, { metadata }: CachedRun, by: string): Promise<void> {
  const { name, namespace, uid } = metadata
  try {
    await client.patch(pipelineRuns, name, namespace, { metadata: { uid, annotations: { [annotations.replacedBy]: by } }, spec: { cancel: true } })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

/** Names no other run and no queue position, because these change often: each status in a long queue is written once. */
function waitMessage(waitsFor: 'Pipeline' | 'Cap' | 'NamespaceCap', run: CachedRun, settings: RunContext['settings']): string {
  const { maxActiveRuns, limits } = settings
  if (waitsFor === 'NamespaceCap')
    return `waits for a free slot: ${limits.runsPerNamespace} runs of namespace ${run.metadata.namespace} are active, the operator's limit (HEADGATE_MAX_ACTIVE_RUNS_PER_NAMESPACE)`
  if (waitsFor === 'Cap') return `waits for a free slot: ${maxActiveRuns} runs are active, the operator's limit (HEADGATE_MAX_ACTIVE_RUNS)`
  return `waits for an earlier run of Pipeline ${run.spec.pipelineRef.name} to end (concurrency Queue)`
}

/** Asks the API server, because a skipped run stays skipped and the cache may be behind. */
async function areOver({ client, runs: known }: RunContext, runs: readonly string[]): Promise<boolean> {
  for (const key of runs) {
    const { name, namespace } = partsOf(key)
    const job = await client.get(jobs, name, namespace)
    const run = known.get(key)
    if (job === undefined || run === undefined || !isOwnJob(run, job.metadata.uid) || toCachedJob(job).end === undefined) return false
  }
  return true
}

function skippedMessage(run: CachedRun): string {
  return `not started, because another run of Pipeline ${run.spec.pipelineRef.name} was active (concurrency Skip)`
}

function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}
