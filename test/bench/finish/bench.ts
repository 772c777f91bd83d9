// npm run bench -- finish: how long the finish step takes beside the load, with many rejected records. Called by main.ts.
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../database.ts'
import { dataFile } from '../generate.ts'
import { describeMachine } from '../machine.ts'
import type { Limits } from '../measure.ts'
import { documentIn, withSection } from '../section.ts'
import { measureFinish } from './measure.ts'
import { readOptions } from './options.ts'
import { markdown } from './report.ts'

export type Surroundings = {
  /** Folder in which generated files are kept for the next time. */
  cache: string
  seed: number
  limits: Limits
  tell(line: string): void
}

export async function benchFinish(args: readonly string[], { cache, seed, limits, tell }: Surroundings): Promise<void> {
  const { rows, rejects, output } = readOptions(args)
  const load = loadavg()[0] as number
  tell(`File: ${cache} (made once, about ${Math.ceil((rows / 1e6) * 130)} MB)`)
  const csv = await dataFile(cache, { rows, rejects, order: 'sorted', edition: 1, seed }, limits.signal)
  const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-finish-'))
  const database = await openDatabase(limits.signal)
  try {
    const measured = await measureFinish({ database, folder, csv, rows, rejects, limits, tell })
    const machine = describeMachine({
      PostgreSQL: database.version,
      'load average of the machine, shared with other work, before the first load': load.toFixed(1),
    })
    const megabytes = Math.round((await stat(csv)).size / 1e6)
    const text = markdown({ rows, rejects, megabytes, measured, machine, settings: database.settings })
    process.stdout.write(`\n${text}`)
    if (output !== undefined) await writeFile(output, withSection(documentIn(output), 'finish', text))
  } finally {
    await Promise.all([database.close(), rm(folder, { recursive: true, force: true })])
  }
}
