// The loader's plan of a run: decided once, when the run is planned, and used by every worker and after every resumption. Called by the engine.
import { HeadgateError, type Json } from '../sdk/index.ts'
import { onlyRow, type Queryable } from './queryable.ts'

export async function saveLoadPlan(tx: Queryable, run: number, plan: Json | undefined): Promise<void> {
  const { rowCount } = await tx.query('UPDATE headgate.run SET load_plan = $2 WHERE id = $1', [run, plan === undefined ? null : JSON.stringify(plan)])
  if (rowCount !== 1) throw new HeadgateError('RunNotFound', `run ${run} is no longer in the store`)
}

/** Undefined if the loader has no plan. */
export async function findLoadPlan(db: Queryable, run: number): Promise<Json | undefined> {
  const { rows } = await db.query('SELECT load_plan::text AS plan FROM headgate.run WHERE id = $1', [run])
  const plan = onlyRow(rows).plan as string | null
  return plan === null ? undefined : (JSON.parse(plan) as Json)
}
