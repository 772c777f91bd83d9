// What is written about a run that has ended: its totals, and a sentence about them. Pure.
import { annotations } from '../../../crds/metadata.ts'
import type { PipelineRunStatus, RunRecords } from '../../../crds/status.ts'
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import type { KeptRun } from '../../kept.ts'
import { storedRun } from '../run-state.ts'
import type { Said } from '../run-status.ts'
import type { FailedEnd } from './ending.ts'
import type { KeptPod } from './kept-pod.ts'

type End = FailedEnd | { kind: 'Succeeded'; report: WorkerReport | undefined }

/** The part of the status that a report fills. */
export function resultOf(report: WorkerReport | undefined): Partial<PipelineRunStatus> {
  if (report === undefined) return {}
  const { records, slices, timings, throughput, failure } = report
  return { records, slices, timings, ...(throughput === undefined ? {} : { throughput }), ...(failure === undefined ? {} : { failure }) }
}

/** The end in the light of what the store knows (undefined: nothing) and of whether somebody asked the run to stop. */
export function finalEnd(run: KeptRun, end: End, stored: WorkerReport | undefined): End {
  const report = isOver(end.report) ? end.report : (stored ?? end.report)
  if (end.kind === 'Succeeded' || stored?.state === 'Succeeded') return { kind: 'Succeeded', report }
  const stopped = end.kind === 'Cancelled' || stored?.state === 'Cancelled' || (run.spec.cancel === true && end.said.reason !== 'RunFailed')
  if (end.said.reason === 'NamespaceTerminating') return { ...end, report }
  if (stopped) return { kind: 'Cancelled', said: { reason: 'Cancelled', message: cancelledMessage(run) }, report }
  if (end.failure === undefined && stored?.failure !== undefined)
    return { ...end, said: failureSaid(end.said, stored.failure), report, failure: stored.failure }
  return { ...end, report }
}

function isOver(report: WorkerReport | undefined): boolean {
  return report !== undefined && report.state !== 'Running'
}

/** A lost Job or unseen pods say little; the store knows why the run failed. */
function failureSaid({ reason, message }: Said, failure: NonNullable<WorkerReport['failure']>): Said {
  const unsure = reason === 'JobLost' || reason === 'RunFailed' || reason === 'WorkerFailed'
  return unsure ? { reason: reason === 'WorkerFailed' ? reason : 'RunFailed', message: `${failure.code}: ${failure.message}` } : { reason, message }
}

export function cancelledMessage({ metadata }: KeptRun): string {
  const by = metadata.annotations?.[annotations.replacedBy]
  return by === undefined ? 'cancelled because spec.cancel was set; what was committed before stays' : `replaced by run ${by}; what was committed before stays`
}

/** Counts for people: what was read, and what became of it where that is not nothing. */
export function totalsMessage(run: KeptRun, records: RunRecords | undefined): string {
  if (records === undefined) return `succeeded; its totals are in the store, under ${storedRun(run).name}`
  const { read, removed = 0, ...others } = records
  const parts = Object.entries(others).filter(([, count]) => count > 0)
  const became = parts.map(([name, count]) => `${count} ${name}`).join(', ')
  const gone = removed === 0 ? '' : `; ${removed} ${removed === 1 ? 'row' : 'rows'} removed from the table`
  return `read ${read} ${read === 1 ? 'record' : 'records'}${became === '' ? '' : `: ${became}`}${gone}`
}

/** The best report among pods that have ended: of the one that ended last. */
export function latestReport(pods: readonly KeptPod[]): WorkerReport | undefined {
  const told = pods.filter((pod) => pod.ended?.report !== undefined)
  return told.toSorted((one, other) => (other.ended?.at ?? 0) - (one.ended?.at ?? 0))[0]?.ended?.report
}
