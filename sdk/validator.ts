// Validator: checks every record of a batch before it is transformed.
import type { RecordBatch, SourceRecord } from './batch.ts'
import { brandClass } from './brand.ts'
import type { RecordError } from './errors.ts'

/** Receives a validator's findings. A record with at least one rejection is quarantined with all its errors. */
export interface Verdicts {
  reject(index: number, error: RecordError): void
  /** Counts and lists the error, but the record is loaded. */
  warn(index: number, error: RecordError): void
}

/** Checks a whole batch. Use it where one look-up for many records is cheaper. */
export abstract class Validator<Config = unknown> {
  readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  abstract validate(batch: RecordBatch, verdicts: Verdicts): void | Promise<void>
}

brandClass(Validator, 'Validator')

/** Receives a RecordValidator's findings about the current record. */
export interface Report {
  reject(error: RecordError): void
  warn(error: RecordError): void
}

/** The short form: checks one record at a time. */
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
