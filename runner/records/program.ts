// RecordProgram: the schema's checks, the transforms and the encoding, compiled once per worker and run over every batch.
import type { Evidence, RecordBatch, RecordError, TypedRecord } from '../../sdk/index.ts'
import type { ObservedFields } from '../../store/observed.ts'
import type { EncodedRows } from '../copy/encoded-rows.ts'

/** A record that is not loaded, with its evidence. */
export type RejectedRecord = {
  /** `order` of the record within its input. */
  order: number
  raw: Buffer
  /** What `raw` is. */
  evidence: Evidence
  /** The parsed record, if it could be framed. */
  record: Record<string, unknown> | undefined
  /** Everything that is wrong with it and with what transformers made of it, at most 100 errors. */
  errors: RecordError[]
  /** Values of the primary key in PostgreSQL's text notation, by field, if all of them can be read. */
  key: Record<string, string> | undefined
  /** `parked` waits for its parent, see onMissing: park. */
  state: 'open' | 'parked'
}

/** What came of one batch; the accepted records went into the sink. */
export type Outcomes = {
  /** Records that went into the sink. */
  accepted: number
  /** Records beyond the first that transformers made of one. */
  derived: number
  /** Records that transformers left out. */
  filtered: number
  /** Records that lost to another one with the same key that was made of the same source record. */
  superseded: number
  rejected: RejectedRecord[]
  /** How often each warning code was raised, with one message as an example. */
  warnings: Map<string, { count: number; example: string }>
  /** How the fields of the records differ from the declared ones; undefined if they do not. */
  observed?: ObservedFields | undefined
  /** Time spent, in milliseconds. */
  validateMilliseconds: number
  transformMilliseconds: number
}

/** Where accepted records go: encoded for PostgreSQL, or as objects for a loader that has no encoding. */
export type Sink = { rows: EncodedRows; records?: undefined } | { rows?: undefined; records: { order: number; record: TypedRecord }[] }

export interface RecordProgram {
  /**
   * Validates, transforms and encodes a batch. Appends accepted records to `sink` (in any order: every row carries its
   * own `_pos`; those that transformers made of one record share it). `input` is the ordinal of the slice's input, which goes into `_pos`.
   */
  process(batch: RecordBatch, input: number, sink: Sink): Promise<Outcomes>

  /** A record that `process` accepted and the destination refused, for `errors`. */
  evidence(batch: RecordBatch, index: number, errors: RecordError[]): RejectedRecord
}
