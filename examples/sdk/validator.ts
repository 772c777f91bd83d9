// Example validator: receives every record as the source returned it, and reports all of its errors.
import { RecordValidator, type Report, type SourceRecord } from '../../sdk/index.ts'

type Config = { broken: Record<string, string> }

/** Rejects readings of broken sensors; warns about unusually high temperatures. */
export default class BrokenSensors extends RecordValidator<Config> {
  override check({ sensor, day, celsius }: SourceRecord, report: Report): void {
    const since = this.config.broken[sensor as string]
    if (since !== undefined && (day as string) >= since) {
      report.reject({ field: 'sensor', code: 'sensor.broken', message: `broken since ${since}`, value: sensor as string })
    }
    if (Number(celsius) > 40) report.warn({ field: 'celsius', code: 'celsius.rare', message: 'hotter than any earlier reading' })
  }
}
