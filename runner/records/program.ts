// RecordProgram: the schema's checks, the transforms and the encoding, compiled once per worker and run over every batch.
import type { Evidence, RecordBatch, RecordError, TypedRecord } from '../../sdk/index.ts'
import type { EncodedRows } from './encoded-rows.ts'

/** A record that is not loaded, with its evidence. */
export type RejectedRecord = {
  /** `order` of the record within its input. */
  order: number
  raw: Buffer
  /** What `raw` is. */
  evidence: Evidence
  /** The parsed record, if it could be framed. */
  record: Record<string, unknown> | undefined
  /** Everything that is wrong with it, at most 100 errors. */
  errors: RecordError[]
  /** Values of the primary key in PostgreSQL's text notation, by field, if all of them can be read. */
  key: Record<string, string> | undefined
  /** `parked` waits for its parent, see onMissing: park. */
  state: 'open' | 'parked'
}

/** What came of one batch; the accepted records went into the sink. */
export type Outcomes = {
  accepted: number
  filtered: number
  rejected: RejectedRecord[]
  /** How often each warning code was raised, with one message as an example. */
  warnings: Map<string, { count: number; example: string }>
  /** Time spent, in milliseconds. */
  validateMilliseconds: number
  transformMilliseconds: number
}

/** Where accepted records go: encoded for PostgreSQL, or as objects for a loader that has no encoding. */
export type Sink = { rows: EncodedRows; records?: undefined } | { rows?: undefined; records: { order: number; record: TypedRecord }[] }

export interface RecordProgram {
  /**
   * Validates, transforms and encodes a batch. Appends accepted records to `sink` (in any order: every row carries its
   * own `_pos`). `input` is the ordinal of the slice's input, which goes into `_pos`.
   */
  process(batch: RecordBatch, input: number, sink: Sink): Promise<Outcomes>

  /** A record that `process` accepted and the destination refused, for `errors`. */
  evidence(batch: RecordBatch, index: number, errors: RecordError[]): RejectedRecord
}
