// What a run leaves behind, in a form that can be compared between databases: run ids are replaced by run names.
import type pg from 'pg'

export type Outcome = {
  rows: string[]
  counts: Record<string, unknown>[]
  /** Entries that still wait for someone, and where they were seen last. */
  unresolved: Record<string, unknown>[]
  /** Every rejected record of every run with its place. Over how many entries a repeated one is spread is not looked at. */
  quarantined: Record<string, unknown>[]
}

/** Runs are compared by what their name has after its last dot. */
const name = (run: string) => `regexp_replace(${run}.name, '^.*[.]', '')`

/** Reads everything that must not depend on faults, workers or batches. `table` is SQL; without a pipeline, of all pipelines. */
export async function outcomeOf(client: pg.Client, table: string, pipeline?: string): Promise<Outcome> {
  const query = async (text: string, values: unknown[] = [pipeline ?? null]) => (await client.query<Record<string, unknown>>(text, values)).rows
  const rows = await query(
    `SELECT (to_jsonb(t) - '_run' - '_deleted_at' || jsonb_build_object('_run', ${name('run')}, '_deleted', to_jsonb(t) ->> '_deleted_at' IS NOT NULL))::text AS row
    FROM ${table} AS t LEFT JOIN headgate.run ON run.id = t._run ORDER BY t._run, t._pos, t::text`,
    [],
  )
  return {
    rows: rows.map(({ row }) => row as string),
    counts: await query(
      `SELECT ${name('run')} AS name, state, failure, read, derived, loaded, unchanged, superseded, filtered, quarantined, parked, warnings
      FROM headgate.run WHERE $1::text IS NULL OR pipeline = $1 ORDER BY id`,
    ),
    unresolved: await query(
      `SELECT ${name('last')} AS last_run, pos, encode(raw, 'escape') AS raw, record, errors, codes, key, quarantine.state
      FROM headgate.quarantine JOIN headgate.run AS last ON last.id = last_run
      WHERE quarantine.state IN ('open', 'parked', 'corrected') AND ($1::text IS NULL OR quarantine.pipeline = $1) ORDER BY digest, last_run, pos`,
    ),
    quarantined: await query(
      `SELECT ${name('run')} AS run, coalesce(slice.inputs[(record_order >> 44)::int + 1], slice.name) AS input, record_order % (1::bigint << 44) AS record_order, encode(raw, 'escape') AS raw FROM headgate.quarantine_occurrence AS seen
      JOIN headgate.quarantine ON quarantine.id = seen.quarantine JOIN headgate.run ON run.id = seen.run
      JOIN headgate.slice ON slice.run = seen.run AND slice.ordinal = seen.slice
      WHERE $1::text IS NULL OR run.pipeline = $1 ORDER BY seen.run, slice.input, seen.record_order`,
    ),
  }
}

/** What is wrong with the books of the store, in words; nothing if they are in order. */
export async function faultsInBooks(client: pg.Client): Promise<string[]> {
  const faults: string[] = []
  for (const [what, text] of books) {
    const { rows } = await client.query(text)
    for (const row of rows) faults.push(`${what}: ${JSON.stringify(row)}`)
  }
  return faults
}

const balance = 'read + derived = loaded + unchanged + superseded + filtered + quarantined + parked'

const books: readonly (readonly [string, string])[] = [
  ['a batch does not balance', `SELECT run, slice, ordinal FROM headgate.batch WHERE NOT (${balance})`],
  ['a run does not balance', `SELECT name FROM headgate.run WHERE NOT (${balance})`],
  [
    'a run is not the sum of its batches',
    `SELECT name FROM headgate.run WHERE state = 'Succeeded' AND NOT coalesce((read, derived, loaded, unchanged, superseded, quarantined) =
      (SELECT sum(read), sum(derived), sum(loaded), sum(unchanged), sum(superseded), sum(quarantined) FROM headgate.batch WHERE batch.run = run.id), false)`,
  ],
  [
    'batches of a slice overlap',
    `SELECT * FROM (SELECT run, slice, ordinal, input, first_order, lag(coalesce(last_input, input)) OVER slices AS input_before, lag(last_order) OVER slices AS before
      FROM headgate.batch WHERE read > 0 WINDOW slices AS (PARTITION BY run, slice ORDER BY ordinal)) AS placed WHERE (input, first_order) <= (input_before, before)`,
  ],
  [
    'a run quarantined other records than it counted',
    `SELECT name, quarantined + parked AS counted, (SELECT count(*) FROM headgate.quarantine_occurrence WHERE run = run.id) AS kept FROM headgate.run
      WHERE quarantined + parked <> (SELECT count(*) FROM headgate.quarantine_occurrence WHERE run = run.id)`,
  ],
  [
    'an entry is not what its occurrences say',
    `SELECT id, occurrences FROM headgate.quarantine
      WHERE occurrences <> (SELECT count(*) FROM headgate.quarantine_occurrence WHERE quarantine = quarantine.id)`,
  ],
  [
    'a slice of a finished run is not done',
    `SELECT run, ordinal FROM headgate.slice JOIN headgate.run ON run.id = run WHERE run.state = 'Succeeded' AND slice.state <> 'done'`,
  ],
  ['a staging table is left', `SELECT schemaname, tablename FROM pg_tables WHERE schemaname LIKE 'headgate\\_stage%'`],
]
