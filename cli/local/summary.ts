// What a finished run says to people.
import { count, duration, styled, type Terminal, table, visible } from '../output.ts'
import type { RunReport } from './run-pipeline.ts'

export function runSummary(terminal: Terminal, report: RunReport): string {
  const { run, how } = report
  const parts = [headline(terminal, report), countsLine(report)]
  if (report.reasons.length > 0) parts.push(reasonsTable(report))
  if (run.failure !== undefined) parts.push(styled(terminal, 'red', `${run.failure.code}: ${visible(run.failure.message)}\n`))
  const warnings = Object.entries(run.warnings)
  if (warnings.length > 0) parts.push(`warnings: ${warnings.map(([code, times]) => `${code} × ${count(times)}`).join(', ')}\n`)
  for (const event of report.events) parts.push(styled(terminal, 'yellow', `${event.code}: ${visible(event.message)}\n`))
  if (how === 'ended') parts.push('This run had ended before; nothing was done.\n')
  const next = nextSteps(report)
  if (next.length > 0) parts.push(`${next.map((step) => styled(terminal, 'dim', `→ ${step}`)).join('\n')}\n`)
  return parts.join('')
}

function headline(terminal: Terminal, { run }: RunReport): string {
  const state = styled(terminal, run.state === 'Succeeded' ? 'green' : run.state === 'Running' ? 'yellow' : 'red', run.state)
  const milliseconds = elapsed(run)
  const rate = milliseconds > 0 ? `, ${count(Math.round(run.counts.read / (milliseconds / 1000)))} records/s` : ''
  return `${styled(terminal, 'bold', run.name)}  ${state} in ${duration(milliseconds)}${rate}\n`
}

function elapsed({ startedAt, finishedAt }: RunReport['run']): number {
  return startedAt === undefined || finishedAt === undefined ? 0 : finishedAt.getTime() - startedAt.getTime()
}

function countsLine({ run: { counts } }: RunReport): string {
  const shown = [
    ['read', counts.read],
    ['loaded', counts.loaded],
    ['unchanged', counts.unchanged],
    ['quarantined', counts.quarantined],
    ['superseded', counts.superseded],
    ['filtered', counts.filtered],
    ['derived', counts.derived],
    ['parked', counts.parked],
    ['rows removed', counts.removed],
  ] as const
  return `  ${shown
    .filter(([, number], place) => place < 4 || number > 0)
    .map(([name, number]) => `${count(number)} ${name}`)
    .join(' · ')}\n`
}

function reasonsTable({ reasons }: RunReport): string {
  const rows = reasons.map((reason) => [reason.count, reason.code, reason.field ?? '(record)', reason.message.slice(0, 90)])
  return table(['  RECORDS', 'WHY', 'FIELD', 'EXAMPLE'], rows)
}

function nextSteps({ run }: RunReport): string[] {
  const steps: string[] = []
  if (run.counts.quarantined + run.counts.parked > 0) steps.push(`headgate quarantine list --run ${run.name}`)
  if (run.state === 'Running') steps.push('interrupted; go on with: headgate run … --resume')
  if (run.state === 'Failed' && run.failure?.retryable === true) steps.push('the failure may pass; go on with: headgate run … --resume')
  return steps
}
