// planRun: lists the run's slices and prepares the destination, once. Whichever worker comes first does it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError, type Json, type RunContext, type Slice, type Transaction } from '../../sdk/index.ts'
import { maxInputs } from '../../sdk/record-order.ts'
import { hashOpenKeys } from '../../store/key-form.ts'
import { findLoadPlan, saveLoadPlan } from '../../store/load-plan.ts'
import { claimPlanning, findPlanner, releasePlanning } from '../../store/planner.ts'
import { findRunById, isUnfinished } from '../../store/runs.ts'
import type { StoreSession } from '../../store/session.ts'
import { endSessions } from '../../store/sessions.ts'
import { isPlanned, lockPlan, planSlices } from '../../store/slices.ts'
import type { Coordination } from '../coordination/coordination.ts'
import { stages } from '../loaders/capabilities.ts'
import { plainJson } from '../plugins/plain-json.ts'
import { checkDelivery } from '../validation/delivery.ts'
import { type RunKeys, runKeys } from './accepted-keys.ts'
import type { Assembly } from './assembly.ts'
import type { PlanAttempts } from './plan-attempts.ts'
import { untilAborted } from './until-aborted.ts'

/** How often a worker looks whether the planner is done. */
const pollMilliseconds = 250

/** What planning needs of a worker. */
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

/** What the source says: its slices, and the fields that it lacks and whose columns keep their values. */
type Planned = { slices: readonly Slice[]; kept: readonly string[] }

/**
 * Plans the run unless that was done, and returns the loader's plan (undefined if it needs none). One worker reads the source, outside of
 * any transaction, because that may take longer than the server lets one idle; the others wait for its plan, or for the run's end.
 * Throws RunEnded if the run ends unplanned.
 */
export async function planRun(planning: Planning): Promise<Json | undefined> {
  const { run, session, attempts } = planning
  if (await isPlanned(session, run.id)) return findLoadPlan(session, run.id)
  await attempts.begin()
  while (!(await isPlanned(session, run.id))) {
    run.signal.throwIfAborted()
    if ((await attempts.mayTry()) && (await mayPlan(planning))) {
      const planned = await tryToPlan(planning)
      if (planned !== undefined) return planned.plan
    }
    // A run that this role cannot see, or that is gone, is never planned.
    const { name, state } = await findRunById(session, run.id)
    if (state !== 'Running') throw new HeadgateError('RunEnded', `run ${name} is ${state} and is not planned any more`)
    await sleep(pollMilliseconds, undefined, { signal: run.signal }).catch(() => {})
  }
  return findLoadPlan(session, run.id)
}

/** Undefined if this worker cannot read the source and another may. */
async function tryToPlan(planning: Planning): Promise<{ plan: Json | undefined } | undefined> {
  const { assembly, spec, run, worker, session, attempts } = planning
  try {
    const slices = await untilAborted(run.signal, Array.fromAsync(assembly.extractor.plan(run)))
    checkSlices(slices)
    const kept = checkDelivery(spec, slices, run)
    return { plan: await session.transaction((transaction) => persistPlan(planning, transaction, { slices, kept })) }
  } catch (error) {
    await releasePlanning(session, run.id, worker).catch(() => {})
    await attempts.meet(error)
    return undefined
  }
}

/** Whether this worker is the one to read the source. Replaces a planner that is gone. */
async function mayPlan({ run, worker, session, coordination, leaseMilliseconds }: Planning): Promise<boolean> {
  const planner = await findPlanner(session, run.id)
  const gone = planner === undefined || planner.worker === worker ? [] : await coordination.lapsed([planner])
  if (planner !== undefined && planner.worker !== worker && gone.length === 0) return false
  // It may hold a lock on the run's row. A role that may not do this waits for the server to notice.
  if (gone.length > 0) await endSessions(session, gone).catch(() => {})
  return claimPlanning(session, { run: run.id, worker, lapsed: gone[0], leaseMilliseconds })
}

/** Of two workers that planned at once, the second finds the plan of the first and uses that. */
async function persistPlan(planning: Planning, transaction: Transaction, { slices, kept }: Planned): Promise<Json | undefined> {
  const { assembly, run } = planning
  const { loader } = assembly
  await lockPlan(transaction, run.id)
  if (await isPlanned(transaction, run.id)) return findLoadPlan(transaction, run.id)
  const prepared = await loader.prepare(run, transaction, { keptFields: kept })
  const plan = prepared === undefined ? undefined : plainJson(prepared, 'what prepare of the loader returned')
  await hashKeys(transaction, run, runKeys(assembly, plan))
  if (stages(loader)) await loader.discardAbandoned(transaction, (other) => isUnfinished(transaction, other))
  await planSlices(transaction, run.id, slices)
  await saveLoadPlan(transaction, run.id, plan)
  return plan
}

/** Quarantined keys of an older version, or from before the destination's key changed, are found by batches from now on. */
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
      refuse(`says leastRecordBytes: ${leastRecordBytes}; say a whole number of at least 1, or leave it out`)
    }
    if (inputs !== undefined && (inputs.length < 2 || inputs.some((each) => typeof each !== 'string'))) {
      refuse('names its inputs, which must be at least two texts; leave inputs out if there is one')
    }
    // Slices of one input follow each other; an input of several is in one slice only.
    const shares = inputs === undefined && input === last
    const next = input + (inputs?.length ?? 1)
    if (!Number.isSafeInteger(input) || (input < free && !shares) || next > maxInputs) {
      refuse(`is of input ${input}${free === 0 ? '' : ` after input ${free - 1}`}; inputs must be planned in rising order and number fewer than ${maxInputs}`)
    }
    free = next
    last = inputs === undefined ? input : undefined
  }
}
