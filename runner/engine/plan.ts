// planRun: lists the run's slices and prepares the destination, once. Whichever worker comes first does it.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError, type Json, type RunContext, type Slice, type Transaction } from '../../sdk/index.ts'
import { hashOpenKeys } from '../../store/key-form.ts'
import { findLoadPlan, saveLoadPlan } from '../../store/load-plan.ts'
import { isUnfinished } from '../../store/runs.ts'
import { isPlanned, lockPlan, planSlices } from '../../store/slices.ts'
import { keyColumns, type LoadPlan, PostgresLoader } from '../loaders/postgres/loader.ts'
import { dropAbandoned } from '../loaders/postgres/staging.ts'
import { checkDelivery } from '../validation/delivery.ts'
import type { Assembly } from './assembly.ts'

/** Bounded by `_pos`, which holds the input in its upper 19 bits. */
const maxInputs = 2 ** 19

/**
 * Plans the run unless that was done, and answers with the loader's plan (null if it needs none). Other workers wait
 * for the lock and find the plan.
 */
export async function planRun(assembly: Assembly, spec: PipelineSpec, run: RunContext, transaction: Transaction): Promise<Json> {
  await lockPlan(transaction, run.id)
  if (await isPlanned(transaction, run.id)) return findLoadPlan(transaction, run.id)
  const slices = await Array.fromAsync(assembly.extractor.plan(run))
  checkSlices(slices)
  const kept = checkDelivery(spec, slices, run)
  const plan = await prepare(assembly, run, transaction, kept)
  await hashKeys(transaction, run, plan)
  await dropAbandoned(transaction, (other) => isUnfinished(transaction, other))
  await planSlices(transaction, run.id, slices)
  await saveLoadPlan(transaction, run.id, plan)
  return plan
}

async function prepare({ loader }: Assembly, run: RunContext, transaction: Transaction, kept: readonly string[]): Promise<LoadPlan | null> {
  if (loader instanceof PostgresLoader) return loader.prepare(run, transaction, kept)
  await loader.prepare(run, transaction)
  return null
}

/** Quarantined keys of an older version, or from before the destination's key changed, are found by batches from now on. */
async function hashKeys(transaction: Transaction, run: RunContext, plan: LoadPlan | null): Promise<void> {
  const columns = plan === null ? [] : keyColumns(plan)
  if (columns.length > 0) await hashOpenKeys(transaction, run.pipeline, columns)
}

function checkSlices(slices: readonly Slice[]): void {
  for (const [index, slice] of slices.entries()) {
    const previous = slices[index - 1]?.input ?? 0
    if (slice.input >= previous && slice.input < maxInputs) continue
    throw new HeadgateError(
      'InvalidPlan',
      `slice ${index} (${slice.name}) is of input ${slice.input} after input ${previous}; inputs must be planned in rising order and number fewer than ${maxInputs}`,
    )
  }
}
