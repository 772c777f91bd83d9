// Example loader: writes within the batch's transaction, so that rows, quarantine and ledger commit together or not at all.
import { type LoadBatch, type LoadCounts, Loader, type RunContext, type Transaction } from '../../sdk/index.ts'

/** Keeps the hottest reading of each sensor; a later reading with the same temperature does not replace it. */
export default class HottestReadings extends Loader<{ schema: string }> {
  override async prepare(_run: RunContext, transaction: Transaction): Promise<void> {
    await transaction.query(`CREATE SCHEMA IF NOT EXISTS ${this.#schema}`)
    await transaction.query(`CREATE TABLE IF NOT EXISTS ${this.#schema}.hottest (sensor text PRIMARY KEY, day date, celsius double precision)`)
  }

  override async load(batch: LoadBatch, transaction: Transaction): Promise<LoadCounts> {
    const counts = { loaded: 0, unchanged: 0, superseded: 0 }
    for (let index = 0; index < batch.size; index++) {
      const { sensor, day, celsius } = batch.record(index)
      const { rowCount } = await transaction.query(
        `INSERT INTO ${this.#schema}.hottest AS known VALUES ($1, $2, $3)
        ON CONFLICT (sensor) DO UPDATE SET day = excluded.day, celsius = excluded.celsius WHERE excluded.celsius > known.celsius`,
        [sensor, day, celsius],
      )
      counts[rowCount === 1 ? 'loaded' : 'superseded']++
    }
    return counts
  }

  get #schema(): string {
    return `"${this.config.schema.replaceAll('"', '""')}"`
  }
}
