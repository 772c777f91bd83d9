// planRun: lists the run's slices and prepares the destination, once per run. The first worker that claims planning does it. Called by Work.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError, type Json, type RunContext, type Slice, type Transaction } from '../../sdk/index.ts'
import { maxInputs } from '../../sdk/record-order.ts'
import { hashOpenKeys } from '../../store/key-form.ts'
import { findLoadPlan, saveLoadPlan } from '../../store/load-plan.ts'
import { claimPlanning, findPlanner, releasePlanning } from '../../store/planner.ts'
import { findRunById, isUnfinished } from '../../store/runs.ts'
import type { StoreSession } from '../../store/session.ts'
import { terminateConnections } from '../../store/sessions.ts'
import { isPlanned, lockPlan, planSlices } from '../../store/slices.ts'
import type { Coordination } from '../coordination/coordination.ts'
import { stages } from '../loaders/capabilities.ts'
import { plainJson } from '../plugins/plain-json.ts'
import { checkDelivery } from '../validation/delivery.ts'
import { type RunKeys, runKeys } from './accepted-keys.ts'
import type { Assembly } from './assembly.ts'
import type { PlanAttempts } from './plan-attempts.ts'
import { untilAborted } from './until-aborted.ts'

/** How often a worker checks whether another worker has planned the run. */
const pollMilliseconds = 250

/** The parts of a worker that planning uses. */
export type Planning = {
  assembly: Assembly
  spec: PipelineSpec
  run: RunContext
  worker: string
  session: StoreSession
  coordination: Coordination
  attempts: PlanAttempts
  leaseMilliseconds: number | undefined
}

/** The source's slices, and the fields that are missing in the source and whose columns keep their values. */
type Planned = { slices: readonly Slice[]; kept: readonly string[] }

/**
 * Plans the run unless it is planned, and returns the loader's plan (undefined if the loader has none). One worker reads the source, outside
 * of any transaction, because reading may take longer than the server lets a transaction idle. The other workers wait until the run is
 * planned or has ended. Throws RunEnded if the run ends unplanned.
 */
export async function planRun(planning: Planning): Promise<Json | undefined> {
  const { run, session, attempts } = planning
  if (await isPlanned(session, run.id)) return findLoadPlan(session, run.id)
  await attempts.begin()
  while (!(await isPlanned(session, run.id))) {
    run.signal.throwIfAborted()
    if ((await attempts.mayTry()) && (await becomePlanner(planning))) {
      const planned = await tryToPlan(planning)
      if (planned !== undefined) return planned.plan
    }
    // Throws RunNotFound if the run was deleted or this role cannot see it; such a run would never be planned.
    const { name, state } = await findRunById(session, run.id)
    if (state !== 'Running') throw new HeadgateError('RunEnded', `run ${name} is ${state} and can no longer be planned`)
    await sleep(pollMilliseconds, undefined, { signal: run.signal }).catch(() => {})
  }
  return findLoadPlan(session, run.id)
}

/** Returns undefined if this worker cannot read the source but another one may. */
async function tryToPlan(planning: Planning): Promise<{ plan: Json | undefined } | undefined> {
  const { assembly, spec, run, worker, session, attempts } = planning
  try {
    const slices = await untilAborted(run.signal, Array.fromAsync(assembly.extractor.plan(run)))
    checkSlices(slices)
    const kept = checkDelivery(spec, slices, run)
    return { plan: await session.transaction((transaction) => persistPlan(planning, transaction, { slices, kept })) }
  } catch (error) {
    await releasePlanning(session, run.id, worker).catch(() => {})
    await attempts.handleFailure(error)
    return undefined
  }
}

/** Claims planning for this worker, replacing a dead planner. Returns false if another live worker plans the run. */
async function becomePlanner({ run, worker, session, coordination, leaseMilliseconds }: Planning): Promise<boolean> {
  const planner = await findPlanner(session, run.id)
  const dead = planner === undefined || planner.worker === worker ? [] : await coordination.lapsed([planner])
  if (planner !== undefined && planner.worker !== worker && dead.length === 0) return false
  // The dead planner may hold a lock on the run's row. Best effort: a role without this right waits until the server notices.
  if (dead.length > 0) await terminateConnections(session, dead).catch(() => {})
  return claimPlanning(session, { run: run.id, worker, lapsed: dead[0], leaseMilliseconds })
}

/** Persists the plan. If two workers planned at the same time, the second discards its own plan and returns the first one's. */
async function persistPlan(planning: Planning, transaction: Transaction, { slices, kept }: Planned): Promise<Json | undefined> {
  const { assembly, run } = planning
  const { loader } = assembly
  await lockPlan(transaction, run.id)
  if (await isPlanned(transaction, run.id)) return findLoadPlan(transaction, run.id)
  const prepared = await loader.prepare(run, transaction, { keptFields: kept })
  const plan = prepared === undefined ? undefined : plainJson(prepared, 'the value that prepare of the loader returned')
  await hashKeys(transaction, run, runKeys(assembly, plan))
  if (stages(loader)) await loader.discardAbandoned(transaction, (other) => isUnfinished(transaction, other))
  await planSlices(transaction, run.id, slices)
  await saveLoadPlan(transaction, run.id, plan)
  return plan
}

/** Makes batches find quarantined keys that an older version wrote, or that were written before the destination's key changed. */
async function hashKeys(transaction: Transaction, run: RunContext, { columns }: RunKeys): Promise<void> {
  if (columns.length > 0) await hashOpenKeys(transaction, run.pipeline, columns)
}

function checkSlices(slices: readonly Slice[]): void {
  let free = 0
  let last: number | undefined
  for (const [index, slice] of slices.entries()) {
    const { name, input, inputs, leastRecordBytes = 1 } = slice
    plainJson(slice.spec, `the spec of slice ${index}`)
    const refuse = (why: string): never => {
      throw new HeadgateError('InvalidPlan', `slice ${index} (${name}) ${why}`)
    }
    if (!Number.isSafeInteger(leastRecordBytes) || leastRecordBytes < 1) {
      refuse(`has leastRecordBytes ${leastRecordBytes}; return a whole number of at least 1, or omit leastRecordBytes`)
    }
    if (inputs !== undefined && (inputs.length < 2 || inputs.some((each) => typeof each !== 'string'))) {
      refuse('has invalid inputs; return at least two strings, or omit inputs if there is one')
    }
    // Slices of one input must be consecutive. An input of a slice with several inputs must be in that slice only.
    const shares = inputs === undefined && input === last
    const next = input + (inputs?.length ?? 1)
    if (!Number.isSafeInteger(input) || (input < free && !shares) || next > maxInputs) {
      refuse(`is of input ${input}${free === 0 ? '' : ` after input ${free - 1}`}; return inputs in ascending order, and fewer than ${maxInputs} of them`)
    }
    free = next
    last = inputs === undefined ? input : undefined
  }
}
