// Runs the loads whose finish step is measured, and takes the times from the store. Called by bench.ts.
import pg from 'pg'
import { headgate } from '../contestants/headgate.ts'
import { type BenchDatabase, createTable, settle } from '../database.ts'
import { type Limits, measure } from '../measure.ts'

export type Measured = {
  name: string
  /** From the start of the run to its last batch. */
  loadSeconds: number
  /** From there to its end, which is set last before the finish step commits. */
  finishSeconds: number
}

export type Bench = { database: BenchDatabase; folder: string; csv: string; rows: number; rejects: number; limits: Limits; tell(line: string): void }

const table = 'bench.finish'

/** Each finds in the table, and in the quarantine, what the one before left there. */
const loads = [
  { name: 'upsert, first load', setUp: createTable(table, { key: true, managed: true }) },
  { name: 'upsert, identical re-load', setUp: settle(table) },
]

export async function measureFinish(bench: Bench): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const [number, { name, setUp }] of loads.entries()) {
    await bench.database.prepare(setUp)
    const run = `bench-finish-${number}`
    const { url } = bench.database
    await measure(await headgate(url, bench.folder, run, { csv: bench.csv, table, mode: 'Upsert', processes: 1 }), bench.limits)
    const times = await timesOf(bench, run)
    bench.tell(`${name.padEnd(28)}  load ${times.loadSeconds.toFixed(2)} s, finish ${times.finishSeconds.toFixed(2)} s`)
    measured.push({ name, ...times })
  }
  return measured
}

const times = `
  SELECT run.read, run.quarantined, extract(epoch FROM last.batch - run.started_at) AS load, extract(epoch FROM run.finished_at - last.batch) AS finish
  FROM headgate.run CROSS JOIN LATERAL (
    SELECT max(committed_at) AS batch FROM headgate.batch JOIN headgate.slice ON slice.run = batch.run AND slice.ordinal = batch.slice
    WHERE batch.run = run.id AND kind = 'read'
  ) AS last
  WHERE run.name = $1`

async function timesOf({ database, rows, rejects }: Bench, run: string): Promise<Omit<Measured, 'name'>> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    const { read, quarantined, load, finish } = (await client.query(times, [run])).rows[0]
    // A fast wrong result must not pass.
    if (Number(read) !== rows || Number(quarantined) !== rejects) {
      throw new Error(`the run read ${read} records and rejected ${quarantined}, instead of ${rows} and ${rejects}`)
    }
    return { loadSeconds: Number(load), finishSeconds: Number(finish) }
  } finally {
    await client.end()
  }
}
