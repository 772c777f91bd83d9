// headgate demo: runs the examples over real public data and shows what to look at next.
import { fileURLToPath } from 'node:url'
import { loadPipeline } from '../check/load.ts'
import { cliConfig } from '../config.ts'
import { exitCodes } from '../exit-codes.ts'
import type { RunReport } from '../local/run-pipeline.ts'
import { runSummary } from '../local/summary.ts'
import { count, json, styled, type Terminal } from '../output.ts'
import { runWithProgress } from './run.ts'
import { openStore, type OpenStore } from './store.ts'

/** In this order: flights refer to airports. */
const examples = ['airports', 'flights', 'birdstrikes']

/** Runs every example once; the second demo finds everything unchanged. */
export async function demoCommand(_options: { once?: boolean }, terminal: Terminal, signal: AbortSignal): Promise<number> {
  if (terminal.form === 'text') terminal.write(`Starting PostgreSQL in ${cliConfig().home}/ …\n`)
  const store = await openStore(undefined, signal)
  try {
    const reports: RunReport[] = []
    for (const example of examples) {
      const report = await runExample(example, terminal, signal, store)
      reports.push(report)
      if (terminal.form === 'text') terminal.write(`\n${runSummary(terminal, report)}`)
      if (report.run.state !== 'Succeeded') break
    }
    terminal.write(terminal.form === 'json' ? json(reports) : farewell(terminal, reports))
    return reports.every((report) => report.run.state === 'Succeeded') ? exitCodes.ok : exitCodes.failed
  } finally {
    await store.close()
  }
}

async function runExample(example: string, terminal: Terminal, signal: AbortSignal, store: OpenStore): Promise<RunReport> {
  const file = fileURLToPath(new URL(`../../examples/${example}/pipeline.yaml`, import.meta.url))
  return runWithProgress({ file, options: {}, terminal, signal, store, pipeline: await loadPipeline(file) })
}

function farewell(terminal: Terminal, reports: RunReport[]): string {
  const sum = (of: (report: RunReport) => number) => count(reports.reduce((total, report) => total + of(report), 0))
  const again = reports.every((report) => report.run.counts.loaded === 0)
  return [
    styled(terminal, 'bold', '\nAll together\n'),
    `  ${sum(({ run }) => run.counts.read)} read · ${sum(({ run }) => run.counts.loaded)} loaded · ${sum(({ run }) => run.counts.unchanged)} unchanged · ${sum(({ run }) => run.counts.quarantined)} quarantined\n`,
    again ? '  Nothing is loaded twice: every record was there already, unchanged.\n' : '  Run it again: everything will be found unchanged, and nothing is loaded twice.\n',
    styled(terminal, 'bold', '\nWhere to look next\n'),
    '  npx headgate runs                                  the runs so far\n',
    '  npx headgate quarantine list                       what was rejected, and why\n',
    '  npx headgate quarantine show 1                     one rejected record, raw bytes and all\n',
    '  npx headgate trace demo.airports JFK               where a row came from\n',
    '  npx headgate run examples/flights/pipeline.yaml    one pipeline again; the manifests are in examples/\n',
  ].join('')
}
