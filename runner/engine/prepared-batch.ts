// PreparedBatch: everything that one batch transaction writes, prepared while the previous batch commits. Filled by preparedBatches.
import type { Position, RecordBatch } from '../../sdk/index.ts'
import { recordOrder } from '../../sdk/record-order.ts'
import { mergeObserved, type ObservedFields } from '../../store/observed.ts'
import { EncodedRows } from '../copy/encoded-rows.ts'
import type { PlacedRecord } from '../records/object-rows.ts'
import type { Outcomes, RecordProgram, RejectedRecord, Sink } from '../records/program.ts'

export type Warnings = Map<string, { count: number; example: string }>

export class PreparedBatch {
  readonly rows: EncodedRows | undefined
  readonly records: PlacedRecord[] = []
  rejected: (RejectedRecord & { input: number })[] = []
  warnings: Warnings = new Map()
  from: Position | undefined
  to: Position | undefined
  /** Input ordinal and order within that input, of the first record and of the last one. */
  firstInput = 0
  firstOrder = 0
  lastInput = 0
  lastOrder = 0
  read = 0
  derived = 0
  filtered = 0
  superseded = 0
  observed: ObservedFields | undefined
  timings = { extract: 0, validate: 0, transform: 0 }
  #rejectedBytes = 0

  /** `encoded`: whether the loader takes encoded rows, or records. */
  constructor(encoded: boolean) {
    this.rows = encoded ? new EncodedRows() : undefined
  }

  /** Approximate number of bytes in memory. Bounds batches of very wide records. */
  get bytes(): number {
    return (this.rows?.length ?? 0) + this.#rejectedBytes
  }

  /** `_pos` of the last record. */
  get last(): bigint {
    return recordOrder(this.lastInput, this.lastOrder)
  }

  /** Difference of the orders of the last and the first record; 0 if the records are of several inputs. */
  get span(): number {
    return this.firstInput === this.lastInput ? this.lastOrder - this.firstOrder : 0
  }

  /** Runs the record program on a batch of the extractor and adds the outcomes. `input` is the ordinal of the records' input. */
  async take(batch: RecordBatch, input: number, program: RecordProgram): Promise<void> {
    const sink: Sink = this.rows === undefined ? { records: [] } : { rows: this.rows }
    if (sink.rows !== undefined) sink.rows.input = input
    const outcomes = await program.process(batch, input, sink)
    for (const record of sink.records ?? []) this.records.push({ input, ...record })
    this.#add(batch, input, outcomes)
  }

  #add(batch: RecordBatch, input: number, outcomes: Outcomes): void {
    if (this.read === 0) {
      this.firstInput = input
      this.firstOrder = batch.order(0)
    }
    this.lastInput = input
    this.lastOrder = batch.order(batch.size - 1)
    this.to = batch.next
    this.read += batch.size
    this.derived += outcomes.derived
    this.filtered += outcomes.filtered
    this.superseded += outcomes.superseded
    this.observed = mergeObserved(this.observed, outcomes.observed)
    for (const rejected of outcomes.rejected) {
      this.rejected.push({ input, ...rejected })
      this.#rejectedBytes += rejected.raw.length
    }
    for (const [code, { count, example }] of outcomes.warnings) {
      this.warnings.set(code, { count: count + (this.warnings.get(code)?.count ?? 0), example })
    }
    this.timings.validate += outcomes.validateMilliseconds
    this.timings.transform += outcomes.transformMilliseconds
  }

  /** Clears the batch for reuse from position `from`. Keeps the large buffers allocated. */
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
    this.observed = undefined
    this.timings = { extract: 0, validate: 0, transform: 0 }
    return this
  }
}
