// headgate demo: runs the examples over real public data, and suggests what to look at next.
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { loadPipeline } from '../check/load.ts'
import { cliConfig } from '../config.ts'
import { exitCodes } from '../exit-codes.ts'
import type { RunReport } from '../local/run-pipeline.ts'
import { runSummary } from '../local/summary.ts'
import { count, json, styled, type Terminal } from '../output.ts'
import { runWithProgress } from './run.ts'
import { type OpenStore, openStore } from './store.ts'

/** In this order, because flights refer to airports. */
const examples = ['airports', 'flights', 'birdstrikes', 'countries']

/** Runs every example once; the second demo finds everything unchanged. */
export async function demoCommand({ once: endAtOnce }: { once?: boolean }, terminal: Terminal, signal: AbortSignal): Promise<number> {
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
    if (terminal.form === 'text' && endAtOnce !== true && process.stdin.isTTY) await lookAround(terminal, store, signal)
    return reports.every((report) => report.run.state === 'Succeeded') ? exitCodes.ok : exitCodes.failed
  } finally {
    await store.close()
  }
}

async function runExample(example: string, terminal: Terminal, signal: AbortSignal, store: OpenStore): Promise<RunReport> {
  const file = fileURLToPath(new URL(`../../examples/${example}/pipeline.yaml`, import.meta.url))
  return runWithProgress({ file, options: {}, terminal, signal, store, pipeline: await loadPipeline(file) })
}

/** Keeps the database running, so that it can be queried, until a key or Ctrl-C. */
async function lookAround(terminal: Terminal, store: OpenStore, signal: AbortSignal): Promise<void> {
  terminal.write(
    `\nThe database is running for you to look into:\n  psql '${store.url}'\nPress Enter to stop it; what it holds stays in ${cliConfig().home}/.\n`,
  )
  process.stdin.resume()
  await once(process.stdin, 'data', { signal }).catch(() => {})
  process.stdin.pause()
}

function farewell(terminal: Terminal, reports: RunReport[]): string {
  const sum = (of: (report: RunReport) => number) => count(reports.reduce((total, report) => total + of(report), 0))
  const again = reports.some((report) => report.run.counts.unchanged > 0)
  return [
    styled(terminal, 'bold', '\nAll together\n'),
    `  ${sum(({ run }) => run.counts.read)} read · ${sum(({ run }) => run.counts.loaded)} loaded · ${sum(({ run }) => run.counts.unchanged)} unchanged · ${sum(({ run }) => run.counts.quarantined)} quarantined\n`,
    again
      ? '  Nothing is there twice: what came again was found unchanged, and birdstrikes is replaced as a whole by every run.\n'
      : '  Run it again: what is there will be found unchanged, and nothing will be there twice.\n',
    styled(terminal, 'bold', '\nWhere to look next\n'),
    '  npx headgate runs                                  the runs so far\n',
    '  npx headgate quarantine list                       what was rejected, and why\n',
    '  npx headgate quarantine show 1                     one rejected record, raw bytes and all\n',
    '  npx headgate trace demo.airports JFK               where a row came from\n',
    '  npx headgate run examples/flights/pipeline.yaml    one pipeline again; the manifests are in examples/\n',
  ].join('')
}
