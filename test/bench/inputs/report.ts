// The results as Markdown. Called by bench.ts.
import { table } from '../report.ts'

export type Feed = 'one file' | 'many files'
export type Measured = { feed: Feed; seconds: number }

export type Report = {
  files: number
  /** Records of each file. */
  records: number
  measured: readonly Measured[]
  machine: Record<string, string>
  settings: Record<string, string>
}

/** For 10,000 files of 100 records. */
const targetSeconds = 10

export function markdown({ files, records, measured, machine, settings }: Report): string {
  const best = (feed: Feed) => Math.min(...measured.filter((one) => one.feed === feed).map(({ seconds }) => seconds))
  const [one, many] = [best('one file'), best('many files')]
  const scale = (files * records) / 1_000_000
  const row = (name: string, seconds: number, target: string, met: string) => [name, seconds.toFixed(2), (seconds / one).toFixed(1), target, met]
  return [
    '## Many small inputs',
    '',
    `Made by \`npm run bench -- inputs\`: ${count(files * records)} records of 2 columns, as one file and as ${count(files)} files of ${count(records)} records, loaded in turns`,
    'into a new table by one process; the better of two loads of each, from the start of the run to its end, as the store has it.',
    '',
    ...table(
      ['feed', 's', '× one file', 'target', 'met'],
      [
        row('one file', one, '', ''),
        row(`${count(files)} files`, many, `≤ ${count(targetSeconds * scale)} s`, many <= targetSeconds * scale ? 'yes' : '**no**'),
      ],
    ),
    '',
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    `- PostgreSQL settings, all as shipped: ${Object.entries(settings)
      .map((pair) => pair.join(' = '))
      .join(', ')}`,
    '',
  ].join('\n')
}

function count(number: number): string {
  return number.toLocaleString('en-US')
}
