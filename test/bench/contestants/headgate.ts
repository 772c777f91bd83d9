// Headgate, run as people run it: the real command, in a process of its own, with every record validated.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from '../measure.ts'

export type Load = { csv: string; table: string; mode: 'Append' | 'Upsert' | 'Replace'; createTable?: boolean; processes: number }

export type StageTimings = { extract: number; validate: number; transform: number; load: number }

const command = fileURLToPath(new URL('../../../bin/headgate.mjs', import.meta.url))

/** Writes the manifest into `folder`. `run` must be another name each time, for the same name would go on with that run. */
export async function headgate(url: string, folder: string, run: string, load: Load): Promise<Command> {
  const manifest = join(folder, `${run}.yaml`)
  await writeFile(manifest, JSON.stringify(pipeline(load), undefined, 2))
  const options = ['--database', url, '--workers', String(load.processes), '--name', run, '--output', 'json']
  return { file: process.execPath, arguments: [command, 'run', manifest, ...options] }
}

/** What the run said of itself: its own duration in seconds, and milliseconds per stage, summed over the workers. */
export function readReport(output: string): { seconds: number; timings: StageTimings } {
  const { run } = JSON.parse(output) as { run: { startedAt: string; finishedAt: string; timings: StageTimings } }
  return { seconds: (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000, timings: run.timings }
}

const fields = [
  { name: 'id', type: 'integer', min: 1 },
  { name: 'name', type: 'text', minLength: 1, maxLength: 200 },
  { name: 'email', type: 'text', format: 'email' },
  { name: 'amount', type: 'decimal', precision: 12, scale: 2, min: 0 },
  { name: 'ordered_on', type: 'date', min: '2000-01-01' },
  { name: 'updated_at', type: 'timestamp' },
  { name: 'status', type: 'enum', values: ['placed', 'paid', 'packed', 'shipped', 'delivered', 'returned', 'cancelled'] },
  { name: 'note', type: 'text', nullable: true, maxLength: 1000 },
]

function pipeline({ csv, table, mode, createTable = false }: Load): object {
  return {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'bench' },
    spec: {
      source: { files: { paths: [csv] } },
      format: { csv: {} },
      schema: { primaryKey: ['id'], fields },
      destination: { postgres: { table, mode, createTable } },
    },
  }
}
