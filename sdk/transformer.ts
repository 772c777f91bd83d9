// Transformer: changes accepted records before they are loaded.
import { brandClass } from './brand.ts'

/**
 * An accepted record: a value per declared field, in the schema's names. integer → bigint; decimal, date, time,
 * timestamp, uuid, enum, text → string in PostgreSQL's notation (timestamps in UTC); float → number; boolean → boolean;
 * json → its text; null where there is none.
 */
export type TypedRecord = Record<string, unknown>

/** Changes a batch of accepted records; `undefined` in the answer filters the record out. One answer per record. */
export abstract class Transformer<Config = unknown> {
  readonly config: Config

  constructor(config: Config) {
    this.config = config
  }

  abstract transform(records: readonly TypedRecord[]): readonly (TypedRecord | undefined)[] | Promise<readonly (TypedRecord | undefined)[]>
}

brandClass(Transformer, 'Transformer')

/** The short form: one record in, one record (or undefined, to filter it out) back. */
export abstract class RecordTransformer<Config = unknown> extends Transformer<Config> {
  abstract map(record: TypedRecord): TypedRecord | undefined

  override transform(records: readonly TypedRecord[]): readonly (TypedRecord | undefined)[] {
    return records.map((record) => this.map(record))
  }
}
