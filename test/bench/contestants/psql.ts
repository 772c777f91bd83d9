// psql: what everybody is compared with.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createTable } from '../database.ts'
import type { Command } from '../measure.ts'

/** Returns psql's version. Throws an Error that says how to install psql. */
export async function findPsql(): Promise<string> {
  try {
    return (await promisify(execFile)('psql', ['--version'])).stdout.trim()
  } catch {
    throw new Error(
      'psql is not in PATH. Everything here is compared with psql, so nothing can be measured without it.\n' +
        'Get it with: apt-get install postgresql-client (Debian, Ubuntu), dnf install postgresql (Fedora), brew install libpq (macOS)',
    )
  }
}

export function psqlCopy(url: string, csv: string, table: string): Command {
  return psql(url, [copy(csv, table)])
}

/** The table created, filled, and given its key afterwards, in one transaction. */
export function psqlByHand(url: string, csv: string, table: string): Command {
  const [, create] = createTable(table, { key: false, managed: false }) as [string, string]
  return psql(url, [create, copy(csv, table), `ALTER TABLE ${table} ADD PRIMARY KEY (id)`])
}

/**
 * What remains when nothing is parsed or checked: the rows of `from` as Headgate stores them, with its two columns, already
 * encoded in a file below `folder`. Writes that file first, outside the measured time.
 */
export async function psqlBinary(url: string, from: string, table: string, folder: string): Promise<Command> {
  const file = join(folder, 'rows.bin')
  const rows = `\\copy (SELECT *, 1::bigint, id FROM ${from}) to '${file}' (format binary)`
  const { file: program, arguments: options } = psql(url, ['SET synchronize_seqscans = off', rows])
  await promisify(execFile)(program, [...options])
  return psql(url, [`\\copy ${table} from '${file}' (format binary)`])
}

/** As psql does an upsert: into a temporary table, then INSERT … ON CONFLICT. */
export function psqlUpsert(url: string, csv: string, table: string): Command {
  return psql(url, [`CREATE TEMPORARY TABLE stage (LIKE ${table})`, copy(csv, 'stage'), upsertStatement(table, 'stage')])
}

export function upsertStatement(table: string, stage: string): string {
  const updated = ['name', 'email', 'amount', 'ordered_on', 'updated_at', 'status', 'note'].map((column) => `${column} = excluded.${column}`)
  return `INSERT INTO ${table} SELECT * FROM ${stage} ON CONFLICT (id) DO UPDATE SET ${updated.join(', ')}`
}

function copy(csv: string, table: string): string {
  return `\\copy ${table} from '${csv.replaceAll("'", "''")}' (format csv, header)`
}

function psql(url: string, statements: readonly string[]): Command {
  const quiet = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--single-transaction']
  return { file: 'psql', arguments: [...quiet, ...statements.flatMap((statement) => ['--command', statement]), url] }
}
