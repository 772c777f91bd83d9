// RecordBatch: yielded by an Extractor, read by every later stage.
import { brandClass } from './brand.ts'
import type { RecordError } from './errors.ts'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

/** Where a record starts in its source. Only the extractor that made a position may interpret it; the extractor can resume there. */
export type Position = Json

/** A record as its source gives it: strings from CSV, JSON values from JSON. */
export type SourceRecord = Record<string, unknown>

/** The evidence of a rejected record: its exact bytes in the source, or JSON made of its values if the source has no bytes. */
export type Evidence = 'bytes' | 'json'

/** Consecutive records of one slice, in source order. Indexes run from 0 to `size - 1`. */
export interface RecordBatch {
  readonly size: number
  /** Names of the source's fields, in the source's order. */
  readonly fields: readonly string[]
  /**
   * Whether `fields` names every field of the source, as a header does: a declared field that is not listed is then missing. If false,
   * each record names only the fields it has a value for, as JSON objects do, and any other field is null. Default: true.
   */
  readonly complete?: boolean
  /** Ordinal of the input that the records come from. Default: the slice's input. In a slice of several inputs it rises from batch to batch. */
  readonly input?: number | undefined
  /** Position right after the last record: reading from here continues without a gap. */
  readonly next: Position
  /** The record's values by source field name. Made on demand, so call it only for records that you need. */
  record(index: number): SourceRecord
  /** The evidence that is stored if the record is rejected, in the form that `evidence` names. */
  raw(index: number): Uint8Array
  /** The form of `raw`. Default: `bytes`. Shown by `headgate quarantine show`. */
  readonly evidence?: Evidence
  /**
   * The record's place in its input: a whole number below 2^44 that rises strictly from record to record, the same
   * however the input is sliced (byte offset for byte formats, record number otherwise). It becomes part of `_pos`.
   */
  order(index: number): number
  /** Why this record could not be framed (a stray quote, a missing column). Such a record is quarantined with its raw bytes. */
  problem(index: number): RecordError | undefined
  /** A warning about a record that could be read; counted if the record is loaded. */
  warning?(index: number): RecordError | undefined
}

/** A batch of plain objects, for sources that give values and no bytes. */
export class ObjectBatch implements RecordBatch {
  readonly complete: boolean = false
  readonly evidence: Evidence = 'json'
  readonly fields: readonly string[]
  readonly next: Position
  readonly #records: readonly SourceRecord[]
  readonly #firstOrder: number

  /** `firstOrder` is the record number of the first record within the slice's input. */
  constructor(records: readonly SourceRecord[], options: { firstOrder: number; next: Position; fields?: readonly string[] }) {
    this.#records = records
    this.#firstOrder = options.firstOrder
    this.next = options.next
    this.fields = options.fields ?? [...new Set(records.flatMap((record) => Object.keys(record)))]
  }

  get size(): number {
    return this.#records.length
  }

  record(index: number): SourceRecord {
    const record = this.#records[index]
    if (record === undefined) throw new RangeError(`record ${index} of a batch of ${this.size}`)
    return record
  }

  raw(index: number): Uint8Array {
    return Buffer.from(JSON.stringify(this.record(index), (_name, value) => (typeof value === 'bigint' ? String(value) : value)))
  }

  order(index: number): number {
    return this.#firstOrder + index
  }

  problem(): undefined {
    return undefined
  }
}

brandClass(ObjectBatch, 'ObjectBatch')
