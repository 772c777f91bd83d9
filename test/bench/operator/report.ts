// The results as Markdown, beside what the operator has set itself. Called by main.ts.
import type { Figures } from './measure.ts'
import type { Options } from './options.ts'

export type Report = { figures: Figures; options: Options; date: Date; machine: Record<string, string> }

type Row = { what: string; figure: string; target: string; met: boolean | undefined }

export function markdown({ figures, options, date, machine }: Report): string {
  const rows = rowsOf(figures, options)
  const met = rows.filter((row) => row.met === true).length
  return [
    '## The operator',
    '',
    introduction(options, date),
    '',
    '| what | figure | target | met |',
    '| --- | --- | --- | --- |',
    ...rows.map(({ what, figure, target, met }) => `| ${what} | ${figure} | ${target} | ${met === undefined ? '' : met ? 'yes' : '**no**'} |`),
    '',
    `${met} of ${rows.filter((row) => row.met !== undefined).length} targets met. API calls per run: ${callsOf(figures.requestsPerRun)}.`,
    '',
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    '',
  ].join('\n')
}

function introduction({ pipelines, finished, active, completionsPerSecond }: Options, date: Date): string {
  return [
    `Made by \`npm run bench:operator\` on ${date.toISOString().slice(0, 10)}: the compiled operator as a process against a real kube-apiserver and etcd on loopback,`,
    `all on the same machine; no kubelet, Jobs are completed by a stub that patches their status. ${many(pipelines)} pipelines of 30 fields, 1 worker each, ${many(finished)} finished runs;`,
    `then ${many(active)} runs are created as fast as the API server takes them, become active, and end at ${completionsPerSecond} a second.`,
  ].join('\n')
}

function rowsOf(figures: Figures, { finished, active }: Options): Row[] {
  const total = [...figures.requestsPerRun.values()].reduce((sum, count) => sum + count, 0)
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
  const { runsPerSecond, jobAfter, statusAfter, restartSeconds, peakBytes, residentBytes, duplicateJobs } = figures
  return [
    { what: 'runs a second, from create to Job', figure: runsPerSecond.toFixed(1), target: '≥ 15', met: runsPerSecond >= 15 },
    { what: 'from create to Job under that load, median / p99', figure: `${ms(jobAfter.median)} / ${ms(jobAfter.p99)}`, target: '', met: undefined },
    {
      what: 'from Job event to run status, median / p99',
      figure: `${ms(statusAfter.median)} / ${ms(statusAfter.p99)}`,
      target: 'p99 < 1 s',
      met: statusAfter.p99 < 1000,
    },
    { what: `start beside ${many(finished + active)} runs, until ready`, figure: `${restartSeconds.toFixed(1)} s`, target: '< 10 s', met: restartSeconds < 10 },
    {
      what: `peak RSS with ${many(finished)} finished and ${many(active)} active runs`,
      figure: `${megabytes(peakBytes)} (at rest ${megabytes(residentBytes)})`,
      target: '< 256 MB',
      met: peakBytes < 256e6,
    },
    { what: 'Jobs beyond one per run', figure: String(duplicateJobs), target: '0', met: duplicateJobs === 0 },
    { what: 'API calls per run, from create to end', figure: total.toFixed(1), target: '', met: undefined },
  ]
}

function callsOf(requests: Map<string, number>): string {
  return [...requests]
    .filter(([, count]) => count >= 0.05)
    .map(([method, count]) => `${method} ${count.toFixed(1)}`)
    .join(', ')
}

function many(number: number): string {
  return number.toLocaleString('en-US')
}

function ms(milliseconds: number): string {
  return `${Math.round(milliseconds)} ms`
}
