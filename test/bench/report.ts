// Writes the results as Markdown, which reads well in a terminal too. Called by main.ts.
import type { Result, Spread } from './statistics.ts'
import { describeTarget, isMet } from './targets.ts'

export type Report = {
  machine: Record<string, string>
  settings: Record<string, string>
  date: Date
  rounds: number
  rows: number
  megabytes: number
  /** What could not be measured, and how to enable it. */
  skipped: string[]
  results: Result[]
}

const columns = [
  'scenario',
  'keys',
  'processes',
  'median s',
  'min–max s',
  'run alone s',
  '× psql',
  'min–max',
  'target',
  'met',
  'CPU s',
  'server CPU s',
  'peak RSS MB',
]

export function markdown(report: Report): string {
  const { results } = report
  return [
    '## Loading',
    '',
    introduction(report),
    '',
    ...table(columns, results.map(row)),
    '',
    ...failures(results),
    ...verdict(results),
    '',
    ...againstPeers(results),
    ...report.skipped.flatMap((line) => [`Not measured: ${line.replaceAll('\n', ' ')}`, '']),
    '### Machine and settings',
    '',
    ...Object.entries(report.machine).map(([name, value]) => `- ${name}: ${value}`),
    `- PostgreSQL settings, all as shipped: ${Object.entries(report.settings)
      .map((pair) => pair.join(' = '))
      .join(', ')}`,
    '',
  ].join('\n')
}

function introduction({ date, rounds, rows, megabytes }: Report): string {
  const many = (number: number) => number.toLocaleString('en-US')
  return [
    `Made by \`npm run bench\` on ${date.toISOString().slice(0, 10)}: ${rounds} interleaved round${rounds === 1 ? '' : 's'}, ${many(rows)} rows × 8 columns, ${many(megabytes)} MB of CSV`,
    'with quoted commas and line breaks. Times are of the whole command, start of the process included; “run alone” is what the run says of itself.',
    '“× psql” is the time of psql in the same round, divided by this one: above 1 is faster than psql. It is psql’s `\\copy` of the same file into a table',
    'with the same key; for Replace and for tables that the run creates it is psql that creates, copies and adds the key in one transaction.',
    'Headgate checks every record; psql and the others check none. After each measurement the table was compared with psql’s, by row count and checksum.',
    '“CPU s” is the CPU time of the command’s processes, “server CPU s” that of PostgreSQL meanwhile.',
    'Peak RSS is the kernel’s high-water mark of each process: first the command, then its workers.',
  ].join('\n')
}

function row({ step, order, seconds, runSeconds, ratio, baseSeconds, cpuSeconds, peakBytes, failures }: Result): string[] {
  const failed = Number.isNaN(seconds.median)
  const met = step.target === undefined ? '' : failed ? 'failed' : isMet(step.target, ratio.median, seconds.median, baseSeconds) ? 'yes' : '**no**'
  const figures = failed ? ['–', '–'] : [seconds.median.toFixed(2), range(seconds)]
  const compared = failed ? ['–', '–'] : [ratio.median.toFixed(2), range(ratio)]
  const marked = failures.length > 0 && !failed ? ` (${failures.length} failed)` : ''
  return [
    step.name + marked,
    order,
    String(step.processes),
    ...figures,
    runSeconds?.toFixed(2) ?? '',
    ...compared,
    describeTarget(step.target),
    met,
    ...(failed ? ['', ''] : [cpuSeconds.own.toFixed(1), cpuSeconds.server.toFixed(1)]),
    peakBytes
      .filter((bytes) => bytes > 0)
      .map((bytes) => (bytes / 1024 ** 2).toFixed(0))
      .join(' + '),
  ]
}

function range({ least, most }: Spread): string {
  return `${least.toFixed(2)}–${most.toFixed(2)}`
}

/** Columns as wide as needed, so that it can be read without being rendered. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headings.map((heading, column) => Math.max(heading.length, ...rows.map((cells) => (cells[column] ?? '').length)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | ')} |`
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}

function failures(results: readonly Result[]): string[] {
  const all = results.flatMap(({ step, order, failures: said }) =>
    said.map((text) => `- ${step.name}, ${order}, ${step.processes}: ${text.replaceAll('\n', ' ').slice(0, 500)}`),
  )
  return all.length === 0 ? [] : ['Failed:', '', ...all, '']
}

function verdict(results: readonly Result[]): string[] {
  const judged = results.filter(({ step, seconds }) => step.target !== undefined && !Number.isNaN(seconds.median))
  const missed = judged.filter(
    ({ step, ratio, seconds, baseSeconds }) => step.target !== undefined && !isMet(step.target, ratio.median, seconds.median, baseSeconds),
  )
  const largest = Math.max(0, ...results.filter(({ step }) => step.contestant === 'headgate').flatMap(({ peakBytes }) => peakBytes)) / 1024 ** 2
  const names = missed.map(
    ({ step, order, ratio }) =>
      `- missed: ${step.name}, ${order} keys, ${step.processes} process${step.processes === 1 ? '' : 'es'}: ${ratio.median.toFixed(2)}×, target ${describeTarget(step.target)}`,
  )
  const memory = `Largest process of Headgate: ${largest.toFixed(0)} MB; target: under 256 MB, ${largest < 256 ? 'met' : '**missed**'}.`
  return [`${judged.length - missed.length} of ${judged.length} speed targets met.`, ...(names.length > 0 ? ['', ...names] : []), '', memory]
}

const rivals: [column: string, ours: string, theirs: RegExp][] = [
  ['append', 'headgate append', /^(DuckDB|Sling) append/],
  ['upsert, first load', 'headgate upsert, first load', /^(DuckDB|Sling|psql ON CONFLICT).*first load$/],
  ['upsert, again', 'headgate upsert, identical re-load', /^(DuckDB|Sling|psql ON CONFLICT).*again$/],
  ['table created', 'headgate first load, table created', /^Sling first load, table created/],
]

/** One process of ours against the fastest of the others that do the same. */
function againstPeers(results: readonly Result[]): string[] {
  const lines = rivals.flatMap(([column, ours, theirs]) => {
    return results
      .filter(({ step, ratio }) => step.name === ours && step.processes === 1 && !Number.isNaN(ratio.median))
      .flatMap((mine) => {
        const best = results
          .filter(({ step, order, ratio }) => theirs.test(step.name) && order === mine.order && !Number.isNaN(ratio.median))
          .sort((a, b) => b.ratio.median - a.ratio.median)[0]
        return best === undefined
          ? []
          : [
              [
                column,
                mine.order,
                mine.ratio.median.toFixed(2),
                `${best.step.name} ${best.ratio.median.toFixed(2)}`,
                mine.ratio.median > best.ratio.median ? 'yes' : '**no**',
              ],
            ]
      })
  })
  return lines.length === 0
    ? []
    : ['### One process of Headgate against the fastest of the others', '', ...table(['what', 'keys', 'Headgate', 'fastest other', 'ahead'], lines), '']
}
