// Computes the status of a pipeline from its runs and its schedule. Pure. Called by pipeline-status.ts.
import { scheduleOf } from '../../../crds/defaults.ts'
import type { Condition, PipelineStatus } from '../../../crds/status.ts'
import type { CachedPipeline } from '../../cache/cached.ts'
import { activePhases, type CachedRun, phaseOf, waitingPhases } from '../../cache/runs.ts'
import type { ScheduleProblem } from '../schedule/problems.ts'

export type PipelineObservation = {
  pipeline: CachedPipeline
  runs: readonly CachedRun[]
  problem: ScheduleProblem | undefined
  /** The message about a limit of the administrator that the Pipeline exceeds. */
  forbidden?: string | undefined
  /** Whether the CronJob is as declared, or is absent and not declared. */
  scheduled: boolean
  /** The next tick of the schedule, in milliseconds since 1970. */
  nextTick: number | undefined
  now: number
}

export function decideStatus(observed: PipelineObservation): PipelineStatus {
  const { pipeline, runs, nextTick } = observed
  const { generation: observedGeneration } = pipeline.metadata
  const lastRun = lastCreated(runs)
  const lastSuccess = latestSuccess(runs, pipeline.status?.lastSuccess)
  return {
    ...(observedGeneration !== undefined && { observedGeneration }),
    conditions: conditionsOf(observed),
    ...(lastRun !== undefined && { lastRun }),
    ...(lastSuccess !== undefined && { lastSuccess }),
    ...(nextTick !== undefined && { nextRun: new Date(nextTick).toISOString().replace(/\.\d+Z$/, 'Z') }),
    active: runs.filter((run) => activePhases.has(phaseOf(run))).length,
    queued: runs.filter((run) => waitingPhases.has(phaseOf(run))).length,
  }
}

function lastCreated(runs: readonly CachedRun[]): PipelineStatus['lastRun'] {
  const order = ({ metadata }: CachedRun) => `${metadata.creationTimestamp} ${metadata.name}`
  const last = runs.reduce<CachedRun | undefined>((latest, run) => (latest === undefined || order(run) > order(latest) ? run : latest), undefined)
  if (last === undefined) return undefined
  const completionTime = last.status?.completionTime
  return { name: last.metadata.name, phase: phaseOf(last), ...(completionTime !== undefined && { completionTime }) }
}

/** Keeps the earlier value if its run has been deleted. */
function latestSuccess(runs: readonly CachedRun[], before: PipelineStatus['lastSuccess']): PipelineStatus['lastSuccess'] {
  return runs.reduce((latest, { metadata, status }) => {
    const { phase, completionTime } = status ?? {}
    if (phase !== 'Succeeded' || completionTime === undefined) return latest
    return latest?.completionTime === undefined || Date.parse(completionTime) > Date.parse(latest.completionTime)
      ? { name: metadata.name, completionTime }
      : latest
  }, before)
}

type Verdict = { ready: 'True' | 'False'; abnormal?: 'Reconciling' | 'Stalled'; reason: string; message: string }

/** Whether runs of the pipeline can start as declared. The outcome of runs is not considered. */
function readiness({ pipeline, problem, forbidden, scheduled }: PipelineObservation): Verdict {
  const schedule = scheduleOf(pipeline.spec)
  if (forbidden !== undefined) return { ready: 'False', abnormal: 'Stalled', reason: 'NotAllowed', message: forbidden }
  if (problem !== undefined && problem.generation === pipeline.metadata.generation) {
    return { ready: 'False', abnormal: 'Stalled', reason: problem.reason, message: problem.message }
  }
  if (!scheduled) return { ready: 'False', abnormal: 'Reconciling', reason: 'Scheduling', message: 'the CronJob of the schedule is being updated' }
  if (schedule === undefined) return { ready: 'True', reason: 'Accepted', message: 'there is no schedule; runs start on request' }
  if (schedule.suspend) return { ready: 'True', reason: 'Suspended', message: 'the schedule is suspended; runs start on request' }
  return { ready: 'True', reason: 'Scheduled', message: `runs at ${schedule.cron} (${schedule.timeZone})` }
}

/** Reconciling and Stalled are present only while true, as kstatus expects. */
function conditionsOf(observed: PipelineObservation): Condition[] {
  const { ready, abnormal, reason, message } = readiness(observed)
  const wanted: Pick<Condition, 'type' | 'status'>[] = [{ type: 'Ready', status: ready }]
  if (abnormal !== undefined) wanted.push({ type: abnormal, status: 'True' })
  const { generation: observedGeneration } = observed.pipeline.metadata
  return wanted.map(({ type, status }) => {
    const before = observed.pipeline.status?.conditions?.find((condition) => condition.type === type)
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : new Date(observed.now).toISOString().replace(/\.\d+Z$/, 'Z')
    return { type, status, reason, message, lastTransitionTime, ...(observedGeneration !== undefined && { observedGeneration }) }
  })
}
