// Applies the decisions about the ticks of a schedule: each tick becomes a PipelineRun or is skipped, and is annotated with the result.
// Called by schedule.ts.
import { scheduleOf } from '../../../crds/defaults.ts'
import { annotations } from '../../../crds/metadata.ts'
import type { CachedCronJob, CachedPipeline } from '../../cache/cached.ts'
import { isAlreadyExists, isNotFound } from '../../kubernetes/api-error.ts'
import type { ObjectReference } from '../../kubernetes/objects.ts'
import { jobs, pipelineRuns } from '../../kubernetes/resources.ts'
import { ownedByPipeline } from './cron-job.ts'
import { decideTicks, isUndecided, pendingTicks, type SkipReason, type Tick } from './decide-ticks.ts'
import type { ScheduleParts } from './schedule.ts'
import { isRunOfTick, scheduledRun, scheduledRunName, spareRunName } from './scheduled-run.ts'

/** Number of run names that are tried for one tick. */
const maxNames = 4

/** Skips first: a crash in between then leaves fewer ticks to catch up on, not more. */
export async function handleTicks(deps: ScheduleParts, key: string, pipeline: CachedPipeline, cronJob: CachedCronJob): Promise<void> {
  const schedule = scheduleOf(pipeline.spec)
  const pending = pendingTicks(deps.ticks.byIndex('pipeline', key), cronJob.metadata.uid, deps.clock.now())
  if (schedule === undefined || pending.length === 0) return
  const { run, skip } = decideTicks(pending, schedule, deps.clock.now())
  for (const { tick, reason } of skip) await skipTick(deps, pipeline, tick, reason)
  for (const tick of run) await runTick(deps, pipeline, tick)
}

const skipMessages: Record<SkipReason, string> = {
  Suspended: 'the schedule is suspended',
  Missed: 'the tick was missed, and spec.schedule.catchUp allows no more missed ticks to run',
}

async function skipTick(deps: ScheduleParts, pipeline: CachedPipeline, tick: Tick, reason: SkipReason): Promise<void> {
  if (!(await annotate(deps, tick, { [annotations.skipped]: reason }, tick.job.metadata.resourceVersion))) return
  const message = `no run for ${new Date(tick.at).toISOString()}: ${skipMessages[reason]}`
  deps.events.event(referenceTo(pipeline), { type: 'Warning', reason: 'TickSkipped', message, action: 'Schedule' })
}

/** Re-reads the tick: a stale cache could recreate a run that was since deleted. */
async function runTick(deps: ScheduleParts, pipeline: CachedPipeline, tick: Tick): Promise<void> {
  const there = await deps.client.get(jobs, tick.job.metadata.name, tick.job.metadata.namespace)
  if (there === undefined || there.metadata.uid !== tick.job.metadata.uid || !isUndecided(there.metadata)) return
  await annotate(deps, tick, { [annotations.run]: await createRun(deps, pipeline, tick, there.metadata.annotations?.[annotations.runName]) })
}

/**
 * Returns the name of the tick's run, created now or before. Skips names that other runs have. Annotates the tick with the next name before
 * using it: if the other run is deleted and another operator takes over, the tick must not get a second run under the first name. `noted` is
 * the annotated name.
 */
async function createRun(deps: ScheduleParts, pipeline: CachedPipeline, tick: Tick, noted: string | undefined): Promise<string> {
  const names = runNames(pipeline.metadata.name, tick)
  for (const name of names.slice(Math.max(0, names.indexOf(noted ?? '')))) {
    if (name !== names[0] && name !== noted) await annotate(deps, tick, { [annotations.runName]: name })
    if (await ensureRun(deps, pipeline, tick, name)) return name
    const message = `run ${name} already exists and was not created for the tick of ${new Date(tick.at).toISOString()}; the operator creates the tick’s run under another name`
    deps.events.event(referenceTo(pipeline), { type: 'Warning', reason: 'RunNameTaken', message, action: 'Schedule' })
  }
  throw new Error(`all ${maxNames} names for the run of tick ${tick.job.metadata.name} are taken by other runs`)
}

function runNames(pipeline: string, { at, job }: Tick): string[] {
  const first = scheduledRunName(pipeline, at)
  return [first, ...Array.from({ length: maxNames - 1 }, (_, index) => spareRunName(first, job.metadata.uid, index + 1))]
}

/** Creates the tick's run under the name; returns false if another run has the name. */
async function ensureRun({ client, events }: ScheduleParts, pipeline: CachedPipeline, tick: Tick, name: string): Promise<boolean> {
  const wanted = scheduledRun(pipeline, tick, name)
  try {
    await client.create(pipelineRuns, wanted)
    events.event(referenceTo(pipeline), { type: 'Normal', reason: 'RunCreated', message: `created run ${name}`, action: 'Schedule' })
    return true
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  const found = await client.get(pipelineRuns, name, pipeline.metadata.namespace)
  return found !== undefined && isRunOfTick(found, wanted)
}

/** Returns whether the tick still exists. With a resource version, throws a conflict if the tick has changed since. */
async function annotate(deps: ScheduleParts, { job }: Tick, entries: Record<string, string>, resourceVersion?: string): Promise<boolean> {
  const { name, namespace } = job.metadata
  try {
    await deps.client.patch(jobs, name, namespace, { metadata: { annotations: entries, ...(resourceVersion !== undefined && { resourceVersion }) } })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

function referenceTo(pipeline: CachedPipeline): ObjectReference {
  const { apiVersion, kind, name, uid } = ownedByPipeline(pipeline)
  return { apiVersion, kind, name, namespace: pipeline.metadata.namespace, uid }
}
