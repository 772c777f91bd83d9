// Example transformer: changes or filters accepted records before they are loaded.
import { type RecordField, RecordTransformer, type TypedRecord } from '../../sdk/index.ts'

type Config = { offset: number; since: string }

/** Corrects all readings by the calibration offset; filters out readings from before a given day. */
export default class Calibrate extends RecordTransformer<Config> {
  /** Without `min` and `max`: the range of the sensor limits its readings, not the corrected values. */
  override output(fields: readonly RecordField[]): readonly RecordField[] {
    return fields.map((field) => (field.name === 'celsius' ? { name: field.name, type: field.type } : field))
  }

  override map(record: TypedRecord): TypedRecord | undefined {
    if ((record.day as string) < this.config.since) return undefined
    return { ...record, celsius: (record.celsius as number) + this.config.offset }
  }
}
