// The interface that store functions require of a connection, and functions that read returned values. Used throughout the store.
import { HeadgateError } from '../sdk/index.ts'

/** A pg Client, a pool's client or an SDK Transaction. Functions that name the parameter `tx` require an open transaction. */
export interface Queryable {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>
}

export type Row = Record<string, unknown>

/** A bigint, count or id of a row as a number; the driver may return it as text. Throws Internal if it is no safe integer. */
export function wholeNumber(value: unknown): number {
  const number = Number(value)
  if (value === null || !Number.isSafeInteger(number))
    throw new HeadgateError('Internal', `the store returned ${String(value)} where a whole number is expected`)
  return number
}

/** The only row of a result that must have exactly one. */
export function onlyRow(rows: Row[]): Row {
  const row = rows[0]
  if (row === undefined || rows.length > 1) throw new HeadgateError('Internal', `the store returned ${rows.length} rows where one is expected`)
  return row
}
