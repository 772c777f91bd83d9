// Keys of the records that a run rejected. Snapshot must not treat rows with these keys as removed. Called by the engine's finish step.
import { type Queryable, wholeNumber } from './queryable.ts'

const keysPerPage = 10_000

/**
 * Yields the key of each record that the run rejected, by column; null if the record has no readable key. Holds one page in memory.
 * Call it within a transaction, one at a time: it uses a named cursor, which reads the run's rejects once instead of once per page.
 */
export async function* rejectedKeys(tx: Queryable, run: number): AsyncIterable<Record<string, string> | null> {
  await tx.query(
    `DECLARE headgate_rejected NO SCROLL CURSOR FOR
    SELECT key FROM headgate.quarantine WHERE id IN (SELECT quarantine FROM headgate.quarantine_occurrence WHERE run = ${wholeNumber(run)})`,
  )
  for (;;) {
    const { rows } = await tx.query(`FETCH ${keysPerPage} FROM headgate_rejected`)
    for (const row of rows) yield row.key as Record<string, string> | null
    if (rows.length < keysPerPage) break
  }
  await tx.query('CLOSE headgate_rejected')
}
