// Writes how a started run ended, with its totals: from a worker's report, otherwise from the store if the operator has one. Called by
// observe/ and cancel/.
import { annotations } from '../../../crds/metadata.ts'
import type { PipelineRunStatus, RunFailure, RunRecords } from '../../../crds/status.ts'
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import { boundedReport } from '../../cache/report.ts'
import { type CachedRun, runKey } from '../../cache/runs.ts'
import type { StoredRun } from '../controller.ts'
import type { Requeue, RunContext } from './context.ts'
import { isNamespaceTerminating, namespaceTerminating } from './namespace.ts'
import { type ConditionText, type Ending, finish } from './status.ts'
import { attempts, type Workers } from './workers.ts'

export type FailedEnd = { kind: 'Failed' | 'Cancelled'; condition: ConditionText; report?: WorkerReport | undefined; failure?: RunFailure | undefined }

export type End = FailedEnd | { kind: 'Succeeded'; report: WorkerReport | undefined }

/** An unresponsive store must not keep a run from ending. */
const storeTimeoutMs = 5000

export async function conclude(context: RunContext, run: CachedRun, workers: Workers, observed: End): Promise<Requeue> {
  const seen = await withNamespaceReason(context, run, observed)
  const stored = isOver(seen.report) ? undefined : await askStore(context, (store) => store.findTotals(storedRun(run)))
  const end = finalEnd(run, seen, stored && boundedReport(stored))
  // Workers that were deleted or cut off have left the run open in the store.
  if (end.kind !== 'Succeeded' && end.report?.state !== end.kind) await closeInStore(context, run, end)
  return await finish(context, run, endingOf(run, workers, end))
}

/**
 * In a namespace that is being deleted, workers and Jobs fail in many ways, so report the deletion as the reason. A failure that a
 * worker reported takes precedence.
 */
async function withNamespaceReason(context: RunContext, run: CachedRun, end: End): Promise<End> {
  if (end.kind !== 'Failed' || end.failure !== undefined || end.condition.reason === 'Timeout') return end
  return (await isNamespaceTerminating(context, run)) ? { kind: 'Cancelled', condition: namespaceTerminating(run), report: end.report } : end
}

/** Combines the observed end with the store's record (undefined: none) and with whether the run was asked to stop. */
export function finalEnd(run: CachedRun, end: End, stored: WorkerReport | undefined): End {
  const report = isOver(end.report) ? end.report : (stored ?? end.report)
  if (end.kind === 'Succeeded' || stored?.state === 'Succeeded') return { kind: 'Succeeded', report }
  const stopped = end.kind === 'Cancelled' || stored?.state === 'Cancelled' || (run.spec.cancel === true && end.condition.reason !== 'RunFailed')
  if (end.condition.reason === 'NamespaceTerminating') return { ...end, report }
  if (stopped) return { kind: 'Cancelled', condition: { reason: 'Cancelled', message: cancelledMessage(run) }, report }
  if (end.failure === undefined && stored?.failure !== undefined)
    return { ...end, condition: failureText(end.condition, stored.failure), report, failure: stored.failure }
  return { ...end, report }
}

function isOver(report: WorkerReport | undefined): boolean {
  return report !== undefined && report.state !== 'Running'
}

/** Without a Job or pods the observed reason is unspecific; the store has the recorded failure. */
function failureText({ reason, message }: ConditionText, failure: NonNullable<WorkerReport['failure']>): ConditionText {
  const unsure = reason === 'JobLost' || reason === 'RunFailed' || reason === 'WorkerFailed'
  return unsure ? { reason: reason === 'WorkerFailed' ? reason : 'RunFailed', message: `${failure.code}: ${failure.message}` } : { reason, message }
}

function endingOf(run: CachedRun, { job, pods }: Workers, end: End): Ending {
  const more = {
    ...resultOf(end.report),
    ...(job === undefined ? {} : { attempts: attempts(job, pods) }),
    ...(end.kind !== 'Succeeded' && end.failure !== undefined ? { failure: end.failure } : {}),
  }
  const at = job?.end?.at || undefined
  if (end.kind !== 'Succeeded') return { phase: end.kind, condition: end.condition, more, at }
  return { phase: 'Succeeded', condition: { reason: 'Succeeded', message: totalsMessage(run, end.report?.records) }, more, at }
}

/** The status fields that come from a report. */
function resultOf(report: WorkerReport | undefined): Partial<PipelineRunStatus> {
  if (report === undefined) return {}
  const { records, slices, timings, throughput, failure } = report
  return { records, slices, timings, ...(throughput === undefined ? {} : { throughput }), ...(failure === undefined ? {} : { failure }) }
}

export function cancelledMessage({ metadata }: CachedRun): string {
  const by = metadata.annotations?.[annotations.replacedBy]
  return by === undefined ? 'cancelled because spec.cancel was set; committed batches are kept' : `replaced by run ${by}; committed batches are kept`
}

/** The number of records read, and every other count that is not zero. */
export function totalsMessage(run: CachedRun, records: RunRecords | undefined): string {
  if (records === undefined) return `succeeded; the totals are in the store, under ${storedRun(run).name}`
  const { read, removed = 0, ...others } = records
  const parts = Object.entries(others).filter(([, count]) => count > 0)
  const became = parts.map(([name, count]) => `${count} ${name}`).join(', ')
  const gone = removed === 0 ? '' : `; ${removed} ${removed === 1 ? 'row' : 'rows'} removed from the table`
  return `read ${read} ${read === 1 ? 'record' : 'records'}${became === '' ? '' : `: ${became}`}${gone}`
}

function storedRun(run: Pick<CachedRun, 'metadata'>): StoredRun {
  return { name: runKey(run), uid: run.metadata.uid }
}

async function closeInStore(context: RunContext, run: CachedRun, end: FailedEnd): Promise<void> {
  const { reason: code, message } = end.condition
  const failure = end.kind === 'Failed' ? (end.failure ?? { code, message: message.slice(0, 2048), retryable: false }) : undefined
  await askStore(context, (store) => store.end(storedRun(run), end.kind, failure))
}

/** Returns undefined if there is no store, or if it fails or times out. */
async function askStore<Answer>(context: RunContext, question: (store: NonNullable<RunContext['store']>) => Promise<Answer>): Promise<Answer | undefined> {
  const { store, clock, report } = context
  if (store === undefined) return undefined
  let cancel = () => {}
  const timeout = new Promise<never>((_, reject) => {
    cancel = clock.after(storeTimeoutMs, () => reject(new Error(`the store did not respond within ${storeTimeoutMs / 1000} s`)))
  })
  try {
    return await Promise.race([question(store), timeout])
  } catch (error) {
    report('store', error)
    return undefined
  } finally {
    cancel()
  }
}
