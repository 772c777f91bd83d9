// Runs pipelines into tables that have rules of their own. Used by the files beside it.
import type { Field } from '../../crds/fields.ts'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Run } from '../../store/runs.ts'
import { type Destination, deliver, scratchFolder, written } from '../property/delivery.ts'
import type { TestStore } from '../support/store.ts'

export type Delivery = {
  /** `schema.table`; also the name of the pipeline. */
  table: string
  fields: Field[]
  /** The records, without a header. */
  lines: string[]
  key?: string[]
  destination?: Omit<Destination, 'table'>
  batchSize?: number
  /** Instead of the test's superuser. */
  databaseUrl?: string
  /** Called before the run starts, with the folder of its file. */
  written?: (folder: string) => void
}

export type Delivered = { run: Run; quarantined: { raw: string; codes: string[]; errors: string }[] }

/** A function that makes one run: one file, one worker, no retries. */
export function deliveries(store: TestStore): (delivery: Delivery) => Promise<Delivered> {
  const folder = scratchFolder()
  let runs = 0
  return async ({ table, fields, lines, key = ['id'], destination = {}, batchSize = 1000, ...delivery }) => {
    const name = `run-${++runs}`
    const place = written(folder, name, { 'in.csv': [fields.map((field) => field.name).join(), ...lines, ''].join('\n') })
    delivery.written?.(place)
    const spec: PipelineSpec = {
      source: { files: { paths: ['in.csv'] } },
      format: { csv: {} },
      schema: { ...(key.length > 0 && { primaryKey: key }), fields },
      destination: { postgres: { table, ...destination } },
      quality: { maxRemovedRatio: '1' },
      retry: { limit: 0 },
    }
    const as = { ...store, url: delivery.databaseUrl ?? store.url }
    const run = await deliver(as, { name, pipeline: table, folder: place, spec, manner: { workers: 1, batchSize } })
    const { rows } = await store.client.query(
      `SELECT encode(raw, 'escape') AS raw, codes, errors::text AS errors FROM headgate.quarantine WHERE pipeline = $1 ORDER BY last_run, pos`,
      [table],
    )
    return { run, quarantined: rows }
  }
}
