// Transformer: changes accepted records before they are loaded.
import { brandClass } from './brand.ts'
import type { RecordError } from './errors.ts'
import type { RecordField } from './field.ts'

/**
 * An accepted record: a value per declared field, in the schema's names. integer → bigint; decimal, date, time,
 * timestamp, uuid, enum, text → string in PostgreSQL's notation (timestamps in UTC); float → number; boolean → boolean;
 * json → its text; null where there is none.
 */
export type TypedRecord = Record<string, unknown>

/**
 * Returned in place of a record that must not be loaded. The record that the source gave is quarantined with these errors.
 *
 * @example return new Rejection({ field: 'amount', code: 'amount.currency', message: 'no rate for this currency' })
 */
export class Rejection {
  readonly errors: readonly RecordError[]

  constructor(...errors: [RecordError, ...RecordError[]]) {
    this.errors = errors
  }
}

brandClass(Rejection, 'Rejection')

/**
 * The result for one record: the record to load; a Rejection; undefined, which drops the record and counts as `filtered`; or a list
 * of at most 100,000 records that replace it, in source order. An empty list is the same as undefined.
 *
 * A returned record has exactly the fields that `output` declares. Its values are read and checked as declared; an invalid value
 * rejects the source record, with all records made of it.
 */
export type Transformed = TypedRecord | Rejection | undefined | readonly TypedRecord[]

/** Changes a batch of accepted records. Returns one result per record, in the same order. An exception fails the run. */
export abstract class Transformer<Config = unknown> {
  readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  /**
   * Returns the fields of the output records, given the fields of the input records. Columns, key and checks of the destination follow
   * from them. Called before the source is read. Must return the same for the same fields. Default: the input fields.
   */
  output(fields: readonly RecordField[]): readonly RecordField[] {
    return fields
  }

  abstract transform(records: readonly TypedRecord[]): readonly Transformed[] | Promise<readonly Transformed[]>
}

brandClass(Transformer, 'Transformer')

/** The short form: takes one record at a time. */
export abstract class RecordTransformer<Config = unknown> extends Transformer<Config> {
  abstract map(record: TypedRecord): Transformed

  override transform(records: readonly TypedRecord[]): readonly Transformed[] {
    return records.map((record) => this.map(record))
  }
}

/** A field that a FieldTransformer returns. `from` is its name among the fields it is given, where that is another. */
export type ChangedField = RecordField & { from?: string }

/**
 * Changes the values of single fields, each without looking at the others. The other fields pass as the bytes that they are in the source,
 * so this costs much less than a RecordTransformer.
 *
 * `output` may change what is declared of the fields in `fields`, and rename (`from`), copy, reorder or leave out any field; it adds none.
 */
export abstract class FieldTransformer<Config = unknown> extends Transformer<Config> {
  /** Names of the fields that `change` is called for, as in the records it is given. */
  abstract readonly fields: readonly string[]

  /**
   * The new value of a field, null for none, or a Rejection of its record. Not called for null, which stays null. `value` is in the
   * notation of TypedRecord. Called once or more for a value, in any order, so the same value always gives the same result.
   */
  abstract change(value: unknown, field: string): unknown

  override output(fields: readonly RecordField[]): readonly ChangedField[] {
    return fields
  }

  /** The records with their values changed. For tests: a run calls `change` itself, and follows `output` for names. */
  override transform(records: readonly TypedRecord[]): readonly Transformed[] {
    return records.map((record) => {
      const changed = { ...record }
      for (const field of this.fields) {
        const value = record[field]
        const result = value === null || value === undefined ? null : this.change(value, field)
        if (result instanceof Rejection) return result
        changed[field] = result
      }
      return changed
    })
  }
}

brandClass(FieldTransformer, 'FieldTransformer')
