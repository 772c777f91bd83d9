// Progress of many runs in one query. Called by the operator where there is no Redis.
import { type Counts, countsOf } from './counts.ts'
import { type Queryable, wholeNumber } from './queryable.ts'

/** `slices` counts slices of kind `read`, not the finish slice. */
export type RunProgress = { counts: Counts; slices: { total: number; done: number } }

/** Progress by the run's name. Runs that are not in the store are left out. */
export async function runsProgress(db: Queryable, names: readonly string[]): Promise<Map<string, RunProgress>> {
  const { rows } = await db.query(
    `SELECT summary.*, (SELECT count(*) FROM headgate.slice WHERE run = summary.id AND kind = 'read') AS slices,
      (SELECT count(*) FROM headgate.slice WHERE run = summary.id AND kind = 'read' AND state = 'done') AS slices_done
    FROM headgate.run_summary AS summary WHERE name = ANY ($1::text[])`,
    [names],
  )
  return new Map(
    rows.map((row) => [row.name as string, { counts: countsOf(row), slices: { total: wholeNumber(row.slices), done: wholeNumber(row.slices_done) } }]),
  )
}
