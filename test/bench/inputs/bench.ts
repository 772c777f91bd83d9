// npm run bench -- inputs: the same records as one file and as many small ones. Called by main.ts.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { readReport } from '../contestants/headgate.ts'
import { openDatabase } from '../database.ts'
import { describeMachine } from '../machine.ts'
import { type Limits, measure } from '../measure.ts'
import { documentIn, withSection } from '../section.ts'
import { readOptions } from './options.ts'
import { type Feed, type Measured, markdown } from './report.ts'

export type Surroundings = { limits: Limits; tell(line: string): void }

const command = fileURLToPath(new URL('../../../bin/headgate.mjs', import.meta.url))

export async function benchInputs(args: readonly string[], { limits, tell }: Surroundings): Promise<void> {
  const { files, records, output } = readOptions(args)
  const load = loadavg()[0] as number
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-inputs-'))
  const database = await openDatabase(limits.signal)
  try {
    await writeFeeds(folder, { files, records })
    const measured: Measured[] = []
    for (const feed of ['one file', 'many files', 'one file', 'many files'] as const) {
      const inputs = feed === 'one file' ? 1 : files
      const seconds = await loadFeed(folder, feed, { number: measured.length, url: database.url, records: files * records, inputs, limits })
      tell(`${feed.padEnd(12)} ${seconds.toFixed(2)} s`)
      measured.push({ feed, seconds })
    }
    const machine = describeMachine({
      PostgreSQL: database.version,
      'load average of the machine, shared with other work, before the first load': load.toFixed(1),
    })
    const text = markdown({ files, records, measured, machine, settings: database.settings })
    process.stdout.write(`\n${text}`)
    if (output !== undefined) await writeFile(output, withSection(documentIn(output), 'inputs', text))
  } finally {
    await Promise.all([database.close(), rm(folder, { recursive: true, force: true })])
  }
}

async function writeFeeds(folder: string, { files, records }: { files: number; records: number }): Promise<void> {
  await mkdir(join(folder, 'feed'))
  const lines = (file: number) => Array.from({ length: records }, (_, record) => `${file * records + record},name ${record}\n`).join('')
  const all: string[] = ['id,name\n']
  for (let file = 0; file < files; file++) {
    await writeFile(join(folder, 'feed', `${String(file).padStart(6, '0')}.csv`), `id,name\n${lines(file)}`)
    all.push(lines(file))
  }
  await writeFile(join(folder, 'all.csv'), all.join(''))
}

type Load = { number: number; url: string; records: number; inputs: number; limits: Limits }

/** How long the run took by its own account. */
async function loadFeed(folder: string, feed: Feed, { number, url, records, inputs, limits }: Load): Promise<number> {
  const table = `bench.inputs_${number}`
  const manifest = {
    apiVersion: 'headgate.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: `inputs-${number}` },
    spec: {
      source: { files: { paths: [feed === 'one file' ? 'all.csv' : 'feed/*.csv'] } },
      format: { csv: {} },
      schema: {
        primaryKey: ['id'],
        fields: [
          { name: 'id', type: 'integer' },
          { name: 'name', type: 'text' },
        ],
      },
      destination: { postgres: { table, createTable: true } },
    },
  }
  const file = join(folder, `inputs-${number}.yaml`)
  await writeFile(file, JSON.stringify(manifest))
  const run = { file: process.execPath, arguments: [command, 'run', file, '--database', url, '--name', `inputs-${number}`, '--output', 'json'] }
  const { seconds } = readReport((await measure(run, limits)).output)
  await checkRows(url, table, { records, inputs })
  return seconds
}

/** A fast wrong result must not pass. */
async function checkRows(url: string, table: string, { records, inputs }: Pick<Load, 'records' | 'inputs'>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query(`SELECT count(*)::int AS rows, count(DISTINCT _pos >> 44)::int AS inputs FROM ${table}`)
    const found = rows[0] as { rows: number; inputs: number }
    if (found.rows !== records || found.inputs !== inputs) {
      throw new Error(`${table} has ${found.rows} rows of ${found.inputs} inputs instead of ${records} of ${inputs}`)
    }
  } finally {
    await client.end()
  }
}
