// A validator of one's own: sees every record as its source gave it, and says everything that is wrong with it.
import { RecordValidator, type Report, type SourceRecord } from '../../sdk/index.ts'

type Config = { broken: Record<string, string> }

/** Rejects what sensors measured after they broke; warns of heat that is rare. */
export default class BrokenSensors extends RecordValidator<Config> {
  override check({ sensor, day, celsius }: SourceRecord, report: Report): void {
    const since = this.config.broken[sensor as string]
    if (since !== undefined && (day as string) >= since) {
      report.reject({ field: 'sensor', code: 'sensor.broken', message: `broken since ${since}`, value: sensor as string })
    }
    if (Number(celsius) > 40) report.warn({ field: 'celsius', code: 'celsius.rare', message: 'hotter than ever measured here' })
  }
}
