// LoadPlan: how a run's rows get into its destination. Decided once, when the run is planned, and persisted with it, so
// that every worker and every resumption does the same.
import type { PostgresDestination } from '../../../crds/pipeline.ts'
import type { DestinationColumn } from '../../copy/encoded-rows.ts'
import type { TableName } from './names.ts'

/**
 * - `direct`: COPY into the destination (Append).
 * - `stage`: through a temporary table, merged batch by batch (Upsert); copied directly while only new keys seem to come.
 * - `build`: into a new table without a key, which gets its key and the destination's name when published.
 * - `staged`: into a table of the run, merged as one when published.
 */
export type Route = 'direct' | 'stage' | 'build' | 'staged'

/** Plain JSON. */
export type LoadPlan = {
  route: Route
  mode: NonNullable<PostgresDestination['mode']>
  destination: TableName
  /** Where batches are copied to if that is not the destination: the run's staging table. */
  staging: TableName | null
  /** Name of the temporary table, one per connection, that batches go through. A batch loaded with `keepKeys`, or not copied directly, can be read there within its transaction. */
  stage: string
  /** Whether the destination is partitioned: a row's place is then its partition and its address within it. */
  partitioned: boolean
  /** Whether rows are only written by INSERT: COPY does not know row-level security. */
  insertOnly: boolean
  /** Whether it had no rows then, so that every key is likely to be new. */
  empty: boolean
  /** Columns of the key in the destination's order of comparison; empty without one. */
  key: string[]
  version: string | null
  /** Snapshot: what happens to rows gone from the source. */
  onMissing: 'Delete' | 'Mark' | null
  /** Columns that are written, in the order of COPY: the declared fields but those that are kept, `_extra` if captured, `_run`, `_pos`. */
  columns: DestinationColumn[]
}

/** Names of the columns that hold data: all but `_run` and `_pos`. */
export function dataColumns(plan: LoadPlan): string[] {
  return columnNames(plan).filter((name) => name !== '_run' && name !== '_pos')
}

export function columnNames(plan: LoadPlan): string[] {
  return plan.columns.map((column) => column.name)
}

/** Where rows end up when a batch commits. */
export function batchTarget(plan: LoadPlan): TableName {
  return plan.staging ?? plan.destination
}

/** The key's columns with their types as SQL. */
export function keyColumns(plan: LoadPlan): { name: string; type: string }[] {
  return plan.key.flatMap((key) => plan.columns.filter(({ name }) => name === key).map(({ name, formatted }) => ({ name, type: formatted })))
}
