// Who plans a run. A claim without a lock: the source is read outside of any transaction, and a dead planner is replaced. Called by the engine.
import { defaultLeaseMilliseconds, expired, keepAlive } from './lease.ts'
import type { Queryable } from './queryable.ts'

/** The worker that plans the run. `expired`: it gave no sign of life in the store for longer than it promised. */
export type Planner = { worker: string; expired: boolean }

export async function findPlanner(db: Queryable, run: number): Promise<Planner | undefined> {
  const { rows } = await db.query(
    `SELECT planner AS worker, ${expired} AS expired
    FROM headgate.run LEFT JOIN headgate.worker AS holder ON holder.name = planner WHERE run.id = $1 AND planner IS NOT NULL`,
    [run],
  )
  return rows[0] === undefined ? undefined : { worker: rows[0].worker as string, expired: rows[0].expired as boolean }
}

export type PlannerClaim = {
  run: number
  worker: string
  /** The planner that may be replaced, because it is gone. */
  lapsed: string | undefined
  leaseMilliseconds: number | undefined
}

/** Makes the worker the run's planner, unless another worker is. Returns whether it is. */
export async function claimPlanning(db: Queryable, { run, worker, lapsed, leaseMilliseconds }: PlannerClaim): Promise<boolean> {
  const { rowCount } = await db.query(
    `WITH claimed AS (
      UPDATE headgate.run SET planner = $2 WHERE id = $1 AND (planner IS NULL OR planner = $2 OR planner = $3) RETURNING id AS run
    )
    ${keepAlive('claimed')}`,
    [run, worker, lapsed ?? null, leaseMilliseconds ?? defaultLeaseMilliseconds],
  )
  return rowCount === 1
}

/** Lets another worker plan the run at once. */
export async function releasePlanning(db: Queryable, run: number, worker: string): Promise<void> {
  await db.query('UPDATE headgate.run SET planner = NULL WHERE id = $1 AND planner = $2', [run, worker])
}
