// A transformer of one's own: changes accepted records, or filters them out, before they are loaded.
import { type RecordField, RecordTransformer, type TypedRecord } from '../../sdk/index.ts'

type Config = { offset: number; since: string }

/** Corrects all readings by the calibration's offset; leaves out those from before a day. */
export default class Calibrate extends RecordTransformer<Config> {
  /** What a sensor can show limits its readings, not the corrected values. */
  override output(fields: readonly RecordField[]): readonly RecordField[] {
    return fields.map((field) => (field.name === 'celsius' ? { name: field.name, type: field.type } : field))
  }

  override map(record: TypedRecord): TypedRecord | undefined {
    if ((record.day as string) < this.config.since) return undefined
    return { ...record, celsius: (record.celsius as number) + this.config.offset }
  }
}
