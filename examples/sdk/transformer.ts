// A transformer of one's own: changes accepted records, or filters them out, before they are loaded.
import { RecordTransformer, type TypedRecord } from '../../sdk/index.ts'

type Config = { offset: number; since: string }

/** Corrects all readings by the calibration's offset; leaves out those from before a day. */
export default class Calibrate extends RecordTransformer<Config> {
  override map(record: TypedRecord): TypedRecord | undefined {
    if ((record.day as string) < this.config.since) return undefined
    return { ...record, celsius: (record.celsius as number) + this.config.offset }
  }
}
