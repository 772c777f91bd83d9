// The form of a key (its columns and their types in the destination), and the SQL that reads and hashes a quarantined key in that form.
// Called by quarantine.ts, supersede.ts and the engine.
import { createHash } from 'node:crypto'
import pg from 'pg'
import type { Queryable } from './queryable.ts'

/** A column of the destination's key; `type` as SQL, such as numeric(12,2). */
export type KeyColumn = { name: string; type: string }

/** A 64-bit number, not 0, that identifies a pipeline and a form. Text, because a JavaScript number cannot hold it. */
export function keyForm(pipeline: string, columns: readonly KeyColumn[]): string {
  const identity = JSON.stringify([pipeline, columns.map(({ name, type }) => [name, type])])
  return String(createHash('sha256').update(identity).digest().readBigInt64BE() || 1n)
}

/** FROM item `kept`: converts a jsonb key to a record of the key's columns. The query fails if a value does not match its type. */
export function keyRecord(columns: readonly KeyColumn[], key: string): string {
  return `jsonb_to_record(${key}) AS kept (${definitions(columns)})`
}

export function keyList(columns: readonly KeyColumn[], relation: string): string {
  return columns.map(({ name }) => `${relation}.${pg.escapeIdentifier(name)}`).join(', ')
}

/** SQL for the 8-byte hash of a row's key, the same hash as in `unchanged_keys` of the ledger. */
export function rowHash(columns: readonly KeyColumn[], relation: string): string {
  return `hash_record_extended(ROW(${keyList(columns, relation)}), 0)`
}

/**
 * SQL for the hash of a jsonb key, without the form. `exact` fails on a key whose values do not match the types; `tolerant` is null for
 * such a key, but ten times as expensive.
 */
export type KeyHash = { exact: string; tolerant: string }

/** The hash is null for a key that lacks a column. */
export function keyHash(columns: readonly KeyColumn[], key: string): KeyHash {
  const complete = columns.map(({ name }) => `(${key} ->> ${pg.escapeLiteral(name)}) IS NOT NULL`).join(' AND ')
  const tolerant = `headgate.key_hash(${key}, ${pg.escapeLiteral(keyList(columns, 'kept'))}, ${pg.escapeLiteral(definitions(columns))})`
  return {
    exact: `(CASE WHEN ${complete} THEN (SELECT ${rowHash(columns, 'kept')} FROM ${keyRecord(columns, key)}) END)`,
    tolerant: `(CASE WHEN ${complete} THEN ${tolerant} END)`,
  }
}

/** Calls `write` with the exact hash. If a key does not match its types, rolls back to a savepoint and calls `write` with the tolerant hash. */
export async function withKeyHash(tx: Queryable, hash: KeyHash, write: (hash: string) => Promise<void>): Promise<void> {
  await tx.query('SAVEPOINT headgate_key_hash')
  try {
    await write(hash.exact)
  } catch (error) {
    if (!refusesKey(error)) throw error
    await tx.query('ROLLBACK TO SAVEPOINT headgate_key_hash')
    await write(hash.tolerant)
  }
  await tx.query('RELEASE SAVEPOINT headgate_key_hash')
}

/**
 * Hashes the keys of the pipeline's open entries that have no hash in this form: entries that an older version wrote, or that were written
 * before the destination's key changed. Called once per run, when it is planned.
 */
export async function hashOpenKeys(tx: Queryable, pipeline: string, columns: readonly KeyColumn[]): Promise<void> {
  const open = `state IN ('open', 'parked')`
  const update = (hash: string, other: '<' | '>') =>
    tx.query(
      `UPDATE headgate.quarantine SET key_form = CASE WHEN ${open} THEN $2::bigint END, key_hash = CASE WHEN ${open} THEN ${hash} # $2::bigint END
      WHERE pipeline = $1 AND key_form ${other} $2::bigint`,
      [pipeline, keyForm(pipeline, columns)],
    )
  await byIndex(tx, () =>
    withKeyHash(tx, keyHash(columns, 'key'), async (hash) => {
      // Two ranges of the index instead of one condition <>, which would read all entries.
      await update(hash, '<')
      await update(hash, '>')
    }),
  )
}

/**
 * Disables sequential scans during `work`. With missing or outdated statistics, PostgreSQL's planner underestimates the size of a table
 * and scans it once per row.
 */
export async function byIndex<Result>(tx: Queryable, work: () => Promise<Result>): Promise<Result> {
  await tx.query('SET LOCAL enable_seqscan = off')
  const result = await work()
  await tx.query('SET LOCAL enable_seqscan TO DEFAULT')
  return result
}

function definitions(columns: readonly KeyColumn[]): string {
  return columns.map(({ name, type }) => `${pg.escapeIdentifier(name)} ${type}`).join(', ')
}

/** Whether the error is about a key: a value that its type (class 22) or a domain's constraint (class 23) refuses, or a type without a hash function. */
export function refusesKey(error: unknown): boolean {
  return /^(2[23]|42883)/.test((error as { code?: string } | undefined)?.code ?? '')
}
