// Carries out what was decided about a run that may not start now: it waits, ends, or asks others to stop.
import { annotations } from '../../../../crds/metadata.ts'
import { keepJob } from '../../../cache/jobs.ts'
import { isOwnJob, type KeptRun } from '../../../cache/runs.ts'
import { isConflict, isNotFound } from '../../../kubernetes/api-error.ts'
import { partsOf } from '../../../kubernetes/objects.ts'
import { jobs, pipelineRuns } from '../../../kubernetes/resources.ts'
import type { Again, RunContext } from '../context.ts'
import { finish, goOn } from '../status.ts'
import type { Admission } from './decide.ts'

const retryMs = 2000

/** What was decided about a run that may not start now. */
type Unadmitted = Exclude<Admission, { kind: 'Admit' | 'NoPipeline' }>

export async function settle(context: RunContext, run: KeptRun, admission: Unadmitted): Promise<Again> {
  switch (admission.kind) {
    case 'Wait':
      if (admission.for === 'End') return undefined
      return await queue(context, run, waitMessage(admission.for, run, context.settings))
    case 'Skip':
      if (admission.active.length > 0 && (await areOver(context, admission.active))) return { again: retryMs }
      return await finish(context, run, { phase: 'Skipped', said: { reason: 'Skipped', message: skippedMessage(run) } })
    case 'Replaced':
      return await finish(context, run, {
        phase: 'Cancelled',
        said: { reason: 'Cancelled', message: `replaced by run ${nameIn(admission.by)} before it started` },
      })
    case 'Replace':
      return await replace(context, run, admission)
  }
}

async function queue(context: RunContext, run: KeptRun, message: string): Promise<Again> {
  await goOn(context, run, { phase: 'Queued', said: { reason: 'Queued', message }, event: { action: 'Queue' } })
  return undefined
}

/** Asks the runs at work to stop; this one starts when they have. */
async function replace(context: RunContext, run: KeptRun, { active }: Extract<Admission, { kind: 'Replace' }>): Promise<Again> {
  for (const key of active) {
    const other = context.runs.get(key)
    if (other !== undefined && other.spec.cancel !== true) await askToStop(context, other, run.metadata.name)
  }
  return await queue(context, run, `replaces ${active.map(nameIn).join(', ')}, which is asked to stop; starts when that has ended`)
}

async function askToStop({ client }: RunContext, { metadata }: KeptRun, by: string): Promise<void> {
  const { name, namespace, uid } = metadata
  try {
    await client.patch(pipelineRuns, name, namespace, { metadata: { uid, annotations: { [annotations.replacedBy]: by } }, spec: { cancel: true } })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

/** Without names or numbers of others, which would change again and again: a long queue writes each status once. */
function waitMessage(waitsFor: 'Pipeline' | 'Cap' | 'NamespaceCap', run: KeptRun, settings: RunContext['settings']): string {
  const { maxActiveRuns, limits } = settings
  if (waitsFor === 'NamespaceCap')
    return `waits for a free place: ${limits.runsPerNamespace} runs of namespace ${run.metadata.namespace} are at work, as many as the operator lets (HEADGATE_MAX_ACTIVE_RUNS_PER_NAMESPACE)`
  if (waitsFor === 'Cap') return `waits for a free place: ${maxActiveRuns} runs are at work, as many as the operator lets (HEADGATE_MAX_ACTIVE_RUNS)`
  return `waits for its turn: another run of Pipeline ${run.spec.pipelineRef.name} comes first (concurrency Queue)`
}

/** Asks the server: a run that was skipped stays skipped, and the cache may be behind. */
async function areOver({ client, runs: known }: RunContext, runs: readonly string[]): Promise<boolean> {
  for (const key of runs) {
    const { name, namespace } = partsOf(key)
    const job = await client.get(jobs, name, namespace)
    const run = known.get(key)
    if (job === undefined || run === undefined || !isOwnJob(run, job.metadata.uid) || keepJob(job).end === undefined) return false
  }
  return true
}

function skippedMessage(run: KeptRun): string {
  return `not started, because another run of Pipeline ${run.spec.pipelineRef.name} was at work (concurrency Skip)`
}

function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}
