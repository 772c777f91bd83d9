// PreparedBatch: everything that one batch transaction will write, made while the batch before it commits.
import type { Position, RecordBatch, TypedRecord } from '../../sdk/index.ts'
import { EncodedRows } from '../records/encoded-rows.ts'
import type { Outcomes, RejectedRecord, Sink } from '../records/program.ts'

export type Warnings = Map<string, { count: number; example: string }>

export class PreparedBatch {
  readonly rows: EncodedRows | undefined
  readonly records: { order: number; record: TypedRecord }[] = []
  rejected: RejectedRecord[] = []
  warnings: Warnings = new Map()
  from: Position | undefined
  to: Position | undefined
  firstOrder = 0
  lastOrder = 0
  read = 0
  derived = 0
  filtered = 0
  superseded = 0
  timings = { extract: 0, validate: 0, transform: 0 }
  #rejectedBytes = 0

  /** `encoded` tells whether the loader takes encoded rows or records. */
  constructor(encoded: boolean) {
    this.rows = encoded ? new EncodedRows() : undefined
  }

  get sink(): Sink {
    return this.rows === undefined ? { records: this.records } : { rows: this.rows }
  }

  /** Bytes held, roughly: what bounds a batch of very wide records. */
  get bytes(): number {
    return (this.rows?.length ?? 0) + this.#rejectedBytes
  }

  add(batch: RecordBatch, outcomes: Outcomes): void {
    if (this.read === 0) this.firstOrder = batch.order(0)
    this.lastOrder = batch.order(batch.size - 1)
    this.to = batch.next
    this.read += batch.size
    this.derived += outcomes.derived
    this.filtered += outcomes.filtered
    this.superseded += outcomes.superseded
    for (const rejected of outcomes.rejected) {
      this.rejected.push(rejected)
      this.#rejectedBytes += rejected.raw.length
    }
    for (const [code, { count, example }] of outcomes.warnings) {
      this.warnings.set(code, { count: count + (this.warnings.get(code)?.count ?? 0), example })
    }
    this.timings.validate += outcomes.validateMilliseconds
    this.timings.transform += outcomes.transformMilliseconds
  }

  /** Empties it for another batch, which begins at `from`; the large buffers stay. */
  restart(from: Position | undefined): this {
    this.rows?.clear()
    this.records.length = 0
    this.rejected = []
    this.#rejectedBytes = 0
    this.warnings = new Map()
    this.from = from
    this.to = from
    this.read = 0
    this.derived = 0
    this.filtered = 0
    this.superseded = 0
    this.timings = { extract: 0, validate: 0, transform: 0 }
    return this
  }
}
