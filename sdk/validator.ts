// Validator: looks at every record of a batch before it is transformed.
import type { RecordBatch, SourceRecord } from './batch.ts'
import { brandClass } from './brand.ts'
import type { RecordError } from './errors.ts'

/** Where a validator puts what it finds. A record with at least one rejection is quarantined with all its errors. */
export interface Verdicts {
  reject(index: number, error: RecordError): void
  /** Counted and listed, but the record is loaded. */
  warn(index: number, error: RecordError): void
}

/** Looks at a whole batch; use it where checks are cheaper set-wise (one look-up for many records). */
export abstract class Validator<Config = unknown> {
  readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  abstract validate(batch: RecordBatch, verdicts: Verdicts): void | Promise<void>
}

brandClass(Validator, 'Validator')

/** Where a RecordValidator puts what it finds about the record in hand. */
export interface Report {
  reject(error: RecordError): void
  warn(error: RecordError): void
}

/** The short form: looks at one record at a time. */
export abstract class RecordValidator<Config = unknown> extends Validator<Config> {
  abstract check(record: SourceRecord, report: Report): void

  override validate(batch: RecordBatch, verdicts: Verdicts): void {
    for (let index = 0; index < batch.size; index++) {
      if (batch.problem(index) !== undefined) continue
      this.check(batch.record(index), {
        reject: (error) => verdicts.reject(index, error),
        warn: (error) => verdicts.warn(index, error),
      })
    }
  }
}
