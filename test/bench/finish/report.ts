// The results as Markdown, beside what Headgate has set itself. Called by bench.ts.
import { table } from '../report.ts'
import type { Measured } from './measure.ts'

export type Report = {
  rows: number
  rejects: number
  megabytes: number
  measured: readonly Measured[]
  machine: Record<string, string>
  settings: Record<string, string>
}

/** Share of the load's time. */
const target = 0.1

export function markdown({ rows, rejects, megabytes, measured, machine, settings }: Report): string {
  const met = measured.filter(isMet)
  return [
    '## The finish step',
    '',
    `Made by \`npm run bench -- finish\`: ${many(rows)} rows × 8 columns, ${many(megabytes)} MB of CSV with sorted keys, of which ${many(rejects)} rows are rejected;`,
    'one process, each load once. “load s” is from the start of the run to its last batch, “finish s” from there to the end of the run,',
    'both as the store has them: verifying the source, the quality gate, closing quarantined records whose key came again, the totals.',
    'The re-load finds every row unchanged and every rejected record in the quarantine; most of its finish step is reading the hashes of',
    'unchanged keys from the ledger: twice for keys that repeat within the run, once for quarantined records whose key they are.',
    '',
    ...table(['scenario', 'run s', 'load s', 'finish s', 'finish / load', 'target', 'met'], measured.map(row)),
    '',
    `${met.length} of ${measured.length} targets met.`,
    '',
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    `- PostgreSQL settings, all as shipped: ${Object.entries(settings)
      .map((pair) => pair.join(' = '))
      .join(', ')}`,
    '',
  ].join('\n')
}

function row(measured: Measured): string[] {
  const { name, loadSeconds, finishSeconds } = measured
  const share = `${((100 * finishSeconds) / loadSeconds).toFixed(1)} %`
  return [
    name,
    (loadSeconds + finishSeconds).toFixed(2),
    loadSeconds.toFixed(2),
    finishSeconds.toFixed(2),
    share,
    `< ${target * 100} %`,
    isMet(measured) ? 'yes' : '**no**',
  ]
}

function isMet({ loadSeconds, finishSeconds }: Measured): boolean {
  return finishSeconds < target * loadSeconds
}

function many(number: number): string {
  return number.toLocaleString('en-US')
}
