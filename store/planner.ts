// The planner of a run: the worker that reads the source to plan it. Its claim is a column and not a lock, because the source is read outside
// of any transaction. A dead planner is replaced. Called by the engine.
import { defaultLeaseMilliseconds, expired, keepAlive } from './lease.ts'
import type { Queryable } from './queryable.ts'
import { isPlanned, lockPlan } from './slices.ts'

/** The worker that plans the run. `expired`: its lease in the store has run out. */
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
  /** The dead planner that may be replaced. */
  lapsed: string | undefined
  leaseMilliseconds: number | undefined
}

/** Makes the worker the run's planner unless another worker is. Returns whether the worker is now the planner. */
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

/** Gives up planning, so that another worker can plan the run at once. */
export async function releasePlanning(db: Queryable, run: number, worker: string): Promise<void> {
  await db.query('UPDATE headgate.run SET planner = NULL WHERE id = $1 AND planner = $2', [run, worker])
}

/** A worker of a run. Its row in headgate.worker marks it as a candidate for planning the run. */
export type Candidate = { run: number; worker: string }

/** Registers the worker as a candidate for planning the run, for as long as it renews its lease. */
export async function registerCandidate(
  db: Queryable,
  { run, worker, leaseMilliseconds }: Candidate & { leaseMilliseconds: number | undefined },
): Promise<void> {
  await db.query(`WITH enrolled AS (SELECT $1::bigint AS run) ${keepAlive('enrolled', '$3')}`, [run, worker, leaseMilliseconds ?? defaultLeaseMilliseconds])
}

/** Whether another live worker is a candidate for planning the run or works on it. */
export async function hasOtherCandidates(db: Queryable, { run, worker }: Candidate): Promise<boolean> {
  const { rows } = await db.query(`SELECT FROM headgate.worker WHERE run = $1 AND name <> $2 AND NOT ${expired} LIMIT 1`, [run, worker])
  return rows.length > 0
}

/**
 * Removes the worker from the candidates for planning the run, unless it is the last one. Returns true if the worker was removed or the run
 * is already planned. Takes the plan lock, so that of two workers that withdraw at the same time the second sees that it is the last.
 */
export async function withdraw(tx: Queryable, enrolled: Candidate): Promise<boolean> {
  await lockPlan(tx, enrolled.run)
  if (await isPlanned(tx, enrolled.run)) return true
  if (!(await hasOtherCandidates(tx, enrolled))) return false
  await tx.query('DELETE FROM headgate.worker WHERE name = $1', [enrolled.worker])
  return true
}
