// The loader's plan of a run: decided once, when the run is planned, and the same for every worker and every resumption.
import { HeadgateError, type Json } from '../sdk/index.ts'
import { onlyRow, type Queryable } from './queryable.ts'

export async function saveLoadPlan(tx: Queryable, run: number, plan: Json): Promise<void> {
  const { rowCount } = await tx.query('UPDATE headgate.run SET load_plan = $2 WHERE id = $1', [run, JSON.stringify(plan)])
  if (rowCount !== 1) throw new HeadgateError('RunNotFound', `run ${run} is no longer in the store`)
}

/** null for a loader that needs none. */
export async function findLoadPlan(db: Queryable, run: number): Promise<Json> {
  const { rows } = await db.query('SELECT load_plan FROM headgate.run WHERE id = $1', [run])
  return onlyRow(rows).load_plan as Json
}
