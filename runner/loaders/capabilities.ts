// Optional capabilities of a loader beyond the SDK's Loader. The engine tests for the methods, never for a class.
import type { AcceptedKeys, LoadCounts, Loader, RecordError, Relation, RunContext, Transaction } from '../../sdk/index.ts'
import type { DestinationColumn, EncodedRows } from '../copy/encoded-rows.ts'

export type LoadedRows = LoadCounts & {
  /** The rows went into the destination without passing through the relation `batch` of DestinationKeys. */
  copiedDirectly?: boolean
  /** 8-byte hashes, one after another, of the keys judged unchanged, and of those of earlier runs' rows that were replaced. */
  unchangedKeys?: Buffer | null
  overwrittenKeys?: Buffer | null
}

export type EncodedOptions<Plan> = {
  plan: Plan
  /** Whether the batch's rows must be readable afterwards, in the same transaction, in the relation `batch` of DestinationKeys. */
  keepKeys: boolean
  /** Whether an older run of the destination may still write. Unchanged rows are then written too, and count as loaded. */
  rewriteUnchanged: boolean
}

/** A record that the destination refuses, by the index in the batch of the first row that was made of it. */
export type RefusedRow = { index: number; error: RecordError }

/** A loader that takes rows in the binary format of COPY. */
export interface EncodedLoading<Plan> {
  /** The columns that rows are encoded for, in this order. */
  columns(plan: Plan): readonly DestinationColumn[]
  /** Throws DestinationRefusal if the destination does not take one of the rows. */
  loadEncoded(rows: EncodedRows, transaction: Transaction, run: RunContext, options: EncodedOptions<Plan>): Promise<LoadedRows>
  /**
   * Loads what the destination takes of rows that it refused as a whole; rows that were made of one record are taken or refused together.
   * Throws DestinationRefused if it takes too few of them: see `maxRefusedRatio`.
   */
  loadCarefully(
    rows: EncodedRows,
    transaction: Transaction,
    run: RunContext,
    options: EncodedOptions<Plan>,
  ): Promise<{ counts: LoadedRows; refused: RefusedRow[] }>
  /** Applies rows of a committed batch again: writes those whose existing row is an earlier one of this same run. Counts nothing. */
  reapply(rows: EncodedRows, transaction: Transaction, run: RunContext, options: Pick<EncodedOptions<Plan>, 'plan'>): Promise<void>
}

/** What `acceptedKeys` of a loader returns that also publishes batches by themselves. */
export type DestinationKeys = AcceptedKeys & {
  /** The batch's rows, until its transaction ends, if they did not go directly into the destination. */
  batch?: Relation
  /** The destination itself, with `_run` and `_pos`. */
  destination?: Relation
  /** Whether the destination may not show the key of an accepted record, so that the batch's rows have to be kept. */
  mayLeaveNoTrace?: boolean
}

/** `_pos` of a batch's first and last record, in decimal digits. */
export type BatchRange = { first: string; last: string }

/** A staged record that the destination refuses, by its `_pos` in decimal digits. */
export type StagedRefusal = { order: string; error: RecordError }

/** A loader that stages rows in a table of the run, and may find the destination refusing some of them when they are published. */
export interface StagedLoading<Plan> {
  /**
   * How the destination is locked while the run is published. `whole`: the run's rows replace those of the destination, or rows are
   * removed because the run does not have them.
   */
  publishing(plan: Plan): { lock: 'exclusive' | 'shared'; whole: boolean }
  /**
   * Finds the staged rows that the destination refuses, in source order, after publishing was refused. `stretches` are the run's batches in
   * source order, `rows` is how many they staged. The caller rolls the transaction back. Throws DestinationRefused if too many are refused.
   */
  findRefused(run: RunContext, transaction: Transaction, search: { plan: Plan; stretches: readonly BatchRange[]; rows: number }): Promise<StagedRefusal[]>
  /** Removes the rows of staged records that `findRefused` found. Returns how many rows that were. */
  dropRefused(transaction: Transaction, plan: Plan, refused: readonly StagedRefusal[]): Promise<number>
  /** Removes staged rows of runs that are finished, which workers that died left behind. */
  discardAbandoned(transaction: Transaction, isUnfinished: (run: number) => Promise<boolean>): Promise<void>
}

/** A loader, as the engine sees it. */
export type AnyLoader = Loader<unknown, unknown> & Partial<EncodedLoading<unknown>> & Partial<StagedLoading<unknown>>

/** Tests for all methods, because a plugin may have one of these names by chance. */
export function encodes(loader: AnyLoader): loader is AnyLoader & EncodedLoading<unknown> {
  return hasMethods(loader, ['columns', 'loadEncoded', 'loadCarefully', 'reapply'])
}

export function stages(loader: AnyLoader): loader is AnyLoader & StagedLoading<unknown> {
  return hasMethods(loader, ['publishing', 'findRefused', 'dropRefused', 'discardAbandoned'])
}

function hasMethods(loader: AnyLoader, names: readonly (keyof AnyLoader)[]): boolean {
  return names.every((name) => typeof loader[name] === 'function')
}
