// A migrated store in a database of its own, and short ways to put runs, slices and batches into it.
import pg from 'pg'
import { afterAll } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Slice } from '../../sdk/index.ts'
import { noCounts } from '../../store/counts.ts'
import type { LedgerEntry } from '../../store/ledger.ts'
import { migrate } from '../../store/migrate.ts'
import type { QuarantinedRecord } from '../../store/quarantine.ts'
import { createRun, type Run, startRun } from '../../store/runs.ts'
import { type ClaimedSlice, claimSlice, planSlices } from '../../store/slices.ts'
import { freshDatabase, type TestDatabase } from './database.ts'

export type TestStore = TestDatabase & { connect: () => Promise<pg.Client> }

/** Call at the test file's top level; `connect` opens further connections to the same database. */
export async function freshStore(): Promise<TestStore> {
  const database = await freshDatabase()
  await migrate(database.client)
  const clients: pg.Client[] = []
  afterAll(async () => {
    for (const client of clients) await client.end()
  })
  const connect = async () => {
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    clients.push(client)
    return client
  }
  return { ...database, connect }
}

export function specFor(table: string): PipelineSpec {
  return { source: { files: { paths: ['x.csv'] } }, schema: { fields: [{ name: 'id', type: 'integer' }] }, destination: { postgres: { table } } }
}

let runNumber = 0

/** A started run with a plan of slices of one input each. */
export async function plannedRun(db: pg.Client, options: { pipeline?: string; slices?: number; table?: string; slice?: Partial<Slice> } = {}): Promise<Run> {
  const name = `run-${++runNumber}`
  const run = await createRun(db, { name, pipeline: options.pipeline ?? name, spec: specFor(options.table ?? 'public.t'), workers: 1, batchSize: 100 })
  await startRun(db, run.id)
  const slices: Slice[] = Array.from({ length: options.slices ?? 1 }, (_, input) => ({
    input,
    name: `file-${input}.csv`,
    spec: { input },
    bytes: 100,
    ...options.slice,
  }))
  await planSlices(db, run.id, slices)
  return run
}

export async function claimed(db: pg.Client, run: number, worker = 'worker', lapsed: string[] = []): Promise<ClaimedSlice> {
  const slice = await claimSlice(db, { run, worker, lapsed })
  if (slice === undefined) throw new Error(`nothing to claim in run ${run}`)
  return slice
}

/** A balanced ledger row of `read` records, all loaded. */
export function loadedBatch(slice: ClaimedSlice, read: number): LedgerEntry {
  return {
    run: slice.run,
    slice: slice.ordinal,
    ordinal: slice.batches,
    epoch: slice.epoch,
    input: slice.slice.input,
    counts: { ...noCounts, read, loaded: read },
  }
}

/** A record that is no integer, at `order`. */
export function rejectedRecord(order: number, more: Partial<QuarantinedRecord> = {}): QuarantinedRecord {
  return {
    order,
    raw: Buffer.from(`record ${order}`),
    evidence: 'bytes',
    record: { id: `${order}`, amount: 'x' },
    errors: [{ field: 'amount', code: 'type.integer', message: 'not an integer', value: 'x' }],
    key: { id: `${order}` },
    state: 'open',
    ...more,
  }
}
