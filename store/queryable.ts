// What store functions need of a connection, and how they read the values that come back.
import { HeadgateError } from '../sdk/index.ts'

/** A pg Client, a pool's client or an SDK Transaction. Functions that call it `tx` want an open transaction. */
export interface Queryable {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>
}

export type Row = Record<string, unknown>

/** A bigint, count or id of a row as a number, whichever way the driver gave it. */
export function wholeNumber(value: unknown): number {
  const number = Number(value)
  if (value === null || !Number.isSafeInteger(number)) throw new HeadgateError('Internal', `the store holds ${String(value)} where a count is expected`)
  return number
}

/** The only row of an answer that must have one. */
export function onlyRow(rows: Row[]): Row {
  const row = rows[0]
  if (row === undefined || rows.length > 1) throw new HeadgateError('Internal', `the store answered ${rows.length} rows where one is expected`)
  return row
}
