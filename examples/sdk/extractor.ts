// Example extractor: yields records one at a time; RecordExtractor adds batches, positions and resuming.
// In your own project, import from 'headgate'.
import { HeadgateError, RecordExtractor, type SourceRecord } from '../../sdk/index.ts'

type Config = { days: number; sensors: string[] }

/** Readings of a weather station; every call yields the same records, because a resumed run depends on it. */
export default class StationReadings extends RecordExtractor<Config> {
  override *records(): Iterable<SourceRecord> {
    const { days, sensors } = this.config
    if (sensors.length === 0) throw new HeadgateError('SourceNotFound', 'config.sensors is empty; name at least one sensor')
    for (let day = 1; day <= days; day++) {
      for (const [place, sensor] of sensors.entries()) {
        yield { sensor, day: `2026-03-${String(day).padStart(2, '0')}`, celsius: String(day * 3 - place * 10) }
      }
    }
  }
}
