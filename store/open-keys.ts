// Open quarantine entries of one run by the hash of their key, as the ledger keeps hashes of unchanged keys. Called by the engine's finish step.
import pg from 'pg'
import { type Queryable, wholeNumber } from './queryable.ts'
import type { DestinationRows } from './supersede.ts'

/** `hash`: 8 bytes as a number. `pos`: place in the run's source, input × 2^44 + order. */
export type OpenKey = { id: number; pos: bigint; hash: bigint }

/** Entries that the run made or saw again and that are still unresolved. A key that is no value of the destination's columns is left out. */
export async function openKeys(tx: Queryable, { pipeline, run, schema, table, columns }: DestinationRows): Promise<OpenKey[]> {
  const relation = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`
  const row = columns.map((column) => `kept.${pg.escapeIdentifier(column)}`).join(', ')
  const complete = columns.map((column) => `(entry.key ->> ${pg.escapeLiteral(column)}) IS NOT NULL`).join(' AND ')
  const { rows } = await tx.query(
    `SELECT entry.id, entry.pos, int8send(hash_record_extended(ROW(${row}), 0)) AS hash
    FROM headgate.quarantine AS entry CROSS JOIN LATERAL jsonb_populate_record(NULL::${relation}, entry.key) AS kept
    WHERE entry.pipeline = $1 AND entry.state IN ('open', 'parked') AND entry.last_run = $2 AND ${complete}`,
    [pipeline, run],
  )
  return rows.map(({ id, pos, hash }) => ({ id: wholeNumber(id), pos: BigInt(pos as string), hash: (hash as Buffer).readBigUInt64BE() }))
}

/** Marks these entries as superseded by the run. */
export async function supersedeEntries(tx: Queryable, run: number, ids: readonly number[]): Promise<void> {
  await tx.query(
    `UPDATE headgate.quarantine SET state = 'superseded', state_run = $1, state_at = clock_timestamp(), state_reason = 'a later record with the same key was accepted'
    WHERE id = ANY ($2::bigint[]) AND state IN ('open', 'parked')`,
    [run, ids],
  )
}
