// Keys of the records a run rejected: rows that a snapshot must not take for gone. Called by the engine's finish step.
import type { Queryable } from './queryable.ts'

const keysPerPage = 10_000

/** The key of each record that the run rejected, by column; null where the record has no readable key. A page at a time is in memory. */
export async function* rejectedKeys(db: Queryable, run: number): AsyncIterable<Record<string, string> | null> {
  let last = 0
  for (;;) {
    const { rows } = await db.query(
      `SELECT id, key FROM headgate.quarantine
      WHERE id > $2 AND id IN (SELECT quarantine FROM headgate.quarantine_occurrence WHERE run = $1)
      ORDER BY id LIMIT $3`,
      [run, last, keysPerPage],
    )
    for (const row of rows) yield row.key as Record<string, string> | null
    if (rows.length < keysPerPage) return
    last = Number(rows.at(-1)?.id)
  }
}
