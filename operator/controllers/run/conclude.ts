// Writes how a started run ended, with its totals: from a worker's report, or else from the store, if there is one.
import { annotations } from '../../../crds/metadata.ts'
import type { PipelineRunStatus, RunFailure, RunRecords } from '../../../crds/status.ts'
import type { WorkerReport } from '../../../crds/wire/worker-report.ts'
import { boundedReport } from '../../cache/report.ts'
import { type KeptRun, runKey } from '../../cache/runs.ts'
import type { StoredRun } from '../controller.ts'
import type { Again, RunContext } from './context.ts'
import { namespaceGoes, namespaceGone } from './namespace.ts'
import { type Ending, finish, type Said } from './status.ts'
import { attempts, type Workers } from './workers.ts'

export type FailedEnd = { kind: 'Failed' | 'Cancelled'; said: Said; report?: WorkerReport | undefined; failure?: RunFailure | undefined }

export type End = FailedEnd | { kind: 'Succeeded'; report: WorkerReport | undefined }

/** A store that does not answer keeps no run from ending. */
const storePatienceMs = 5000

export async function conclude(context: RunContext, run: KeptRun, workers: Workers, observed: End): Promise<Again> {
  const seen = await inItsNamespace(context, run, observed)
  const stored = isOver(seen.report) ? undefined : await askStore(context, (store) => store.findTotals(storedRun(run)))
  const end = finalEnd(run, seen, stored && boundedReport(stored))
  // Workers that are gone or cut off have left the run open in the store.
  if (end.kind !== 'Succeeded' && end.report?.state !== end.kind) await closeInStore(context, run, end)
  return await finish(context, run, endingOf(run, workers, end))
}

/** Workers and Jobs that go with their namespace fail in many ways, none of which is the reason. What a worker reports is. */
async function inItsNamespace(context: RunContext, run: KeptRun, end: End): Promise<End> {
  if (end.kind !== 'Failed' || end.failure !== undefined || end.said.reason === 'Timeout') return end
  return (await namespaceGoes(context, run)) ? { kind: 'Cancelled', said: namespaceGone(run), report: end.report } : end
}

/** The end in the light of what the store knows (undefined: nothing) and of whether the run was asked to stop. */
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

function endingOf(run: KeptRun, { job, pods }: Workers, end: End): Ending {
  const more = {
    ...resultOf(end.report),
    ...(job === undefined ? {} : { attempts: attempts(job, pods) }),
    ...(end.kind !== 'Succeeded' && end.failure !== undefined ? { failure: end.failure } : {}),
  }
  const at = job?.end?.at || undefined
  if (end.kind !== 'Succeeded') return { phase: end.kind, said: end.said, more, at }
  return { phase: 'Succeeded', said: { reason: 'Succeeded', message: totalsMessage(run, end.report?.records) }, more, at }
}

/** The part of the status that a report fills. */
function resultOf(report: WorkerReport | undefined): Partial<PipelineRunStatus> {
  if (report === undefined) return {}
  const { records, slices, timings, throughput, failure } = report
  return { records, slices, timings, ...(throughput === undefined ? {} : { throughput }), ...(failure === undefined ? {} : { failure }) }
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

function storedRun(run: Pick<KeptRun, 'metadata'>): StoredRun {
  return { name: runKey(run), uid: run.metadata.uid }
}

async function closeInStore(context: RunContext, run: KeptRun, end: FailedEnd): Promise<void> {
  const { reason: code, message } = end.said
  const failure = end.kind === 'Failed' ? (end.failure ?? { code, message: message.slice(0, 2048), retryable: false }) : undefined
  await askStore(context, (store) => store.end(storedRun(run), end.kind, failure))
}

/** Undefined also if the store cannot be asked. */
async function askStore<Answer>(context: RunContext, question: (store: NonNullable<RunContext['store']>) => Promise<Answer>): Promise<Answer | undefined> {
  const { store, clock, report } = context
  if (store === undefined) return undefined
  let cancel = () => {}
  const patience = new Promise<never>((_, reject) => {
    cancel = clock.after(storePatienceMs, () => reject(new Error(`the store did not answer within ${storePatienceMs / 1000} s`)))
  })
  try {
    return await Promise.race([question(store), patience])
  } catch (error) {
    report('store', error)
    return undefined
  } finally {
    cancel()
  }
}
