// The counts and timings of a batch or run: their columns, and how to read them from a row.
import { type Row, wholeNumber } from './queryable.ts'

/** Numbers of records by outcome: `read + derived` equals the sum of all other counts except `removed`. */
export type Counts = {
  /** Records of the source. */
  read: number
  /** Records that transformers made of a source record, beyond the first. */
  derived: number
  loaded: number
  unchanged: number
  superseded: number
  filtered: number
  quarantined: number
  parked: number
  /** Rows of the destination, not records: rows deleted, marked as deleted or dropped by a Replace because the source no longer has them. */
  removed: number
}

/** Time spent per stage in milliseconds, summed over workers. */
export type Timings = { extract: number; validate: number; transform: number; load: number }

export const countColumns = ['read', 'derived', 'loaded', 'unchanged', 'superseded', 'filtered', 'quarantined', 'parked', 'removed'] as const
export const timingColumns = ['extract_ms', 'validate_ms', 'transform_ms', 'load_ms'] as const

export const noCounts: Counts = { read: 0, derived: 0, loaded: 0, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0, removed: 0 }

export function countsOf(row: Row): Counts {
  return {
    read: wholeNumber(row.read),
    derived: wholeNumber(row.derived),
    loaded: wholeNumber(row.loaded),
    unchanged: wholeNumber(row.unchanged),
    superseded: wholeNumber(row.superseded),
    filtered: wholeNumber(row.filtered),
    quarantined: wholeNumber(row.quarantined),
    parked: wholeNumber(row.parked),
    removed: wholeNumber(row.removed),
  }
}

export function timingsOf(row: Row): Timings {
  return {
    extract: Number(row.extract_ms),
    validate: Number(row.validate_ms),
    transform: Number(row.transform_ms),
    load: Number(row.load_ms),
  }
}
