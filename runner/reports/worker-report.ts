// Makes and writes the WorkerReport: the result of a worker on a cluster, for the operator, which may have no access to the store. Called by
// runClusterWorker and the watchdog.
import { writeFileSync } from 'node:fs'
import { maxWorkerReportBytes, type WorkerReport, workerExitCodes } from '../../crds/wire/worker-report.ts'
import { failureOf, messageOf } from '../../sdk/thrown.ts'
import { noCounts, type Timings } from '../../store/counts.ts'
import { runTotals } from '../../store/ledger.ts'
import type { Queryable } from '../../store/queryable.ts'
import type { Run } from '../../store/runs.ts'
import { sliceCounts } from '../../store/slices.ts'

export type Outcome = { report: WorkerReport; exitCode: number }

const maxMessageLength = 2000
const maxPositionLength = 256

/** The outcome of a worker, from the present state of its run. */
export async function outcomeOf(db: Queryable, run: Run): Promise<Outcome> {
  const { counts, timings } = run.state === 'Running' ? await runTotals(db, run.id) : run
  const { total, done } = await sliceCounts(db, run.id)
  const seconds = run.startedAt === undefined ? 0 : ((run.finishedAt ?? new Date()).getTime() - run.startedAt.getTime()) / 1000
  const report: WorkerReport = {
    state: run.state,
    records: counts,
    // The finish slice is not reported: users see slices of the input only.
    slices: { total: Math.max(0, total - 1), done: Math.max(0, Math.min(done, total - 1)) },
    timings: wholeTimings(timings),
    ...(seconds > 0 && { throughput: Math.round(counts.read / seconds) }),
    ...(run.failure !== undefined && { failure: reportedFailure(run.failure) }),
  }
  return { report, exitCode: exitCodeOf(run) }
}

/** The outcome of a worker that failed before it found the run's row, or lost the store. */
export function outcomeOfError(error: unknown): Outcome {
  const failure = failureOf(error)
  const final = failure.code !== 'Internal' && !failure.retryable
  return outcomeOfWorker(final ? 'Failed' : 'Running', final ? workerExitCodes.runFailed : workerExitCodes.workerFailed, failure)
}

/** The outcome of a worker that had no time to read the run's state. */
export function outcomeOfWorker(state: WorkerReport['state'], exitCode: number, failure?: NonNullable<Run['failure']>): Outcome {
  const report: WorkerReport = {
    state,
    records: noCounts,
    slices: { total: 0, done: 0 },
    timings: wholeTimings({ extract: 0, validate: 0, transform: 0, load: 0 }),
  }
  return { report: failure === undefined ? report : { ...report, failure: reportedFailure(failure) }, exitCode }
}

/** Never throws, because a report that cannot be written must not change the exit code. Returns a description of the error, if there was one. */
export function writeReport(file: string, report: WorkerReport): string | undefined {
  try {
    writeFileSync(file, reportText(report))
    return undefined
  } catch (error) {
    return `the report cannot be written to ${file}: ${messageOf(error)}`
  }
}

/** The report as JSON, with a message cut so that the whole report fits into Kubernetes' termination message. */
export function reportText(report: WorkerReport): string {
  const text = JSON.stringify(report)
  const excess = Buffer.byteLength(text) - maxWorkerReportBytes
  if (excess <= 0 || report.failure === undefined) return text
  const { message } = report.failure
  // A character or its escape may take several bytes, so this cuts step by step.
  const kept = Math.max(0, message.length - Math.max(1, Math.ceil(excess / 6)) - 1)
  return reportText({ ...report, failure: { ...report.failure, message: `${cut(message, kept)}…` } })
}

function exitCodeOf({ state, failure }: Run): number {
  if (state === 'Succeeded') return workerExitCodes.succeeded
  if (state === 'Cancelled') return workerExitCodes.cancelled
  return state === 'Failed' && failure?.retryable === false ? workerExitCodes.runFailed : workerExitCodes.workerFailed
}

function reportedFailure({ code, message, retryable, slice, position }: NonNullable<Run['failure']>): NonNullable<WorkerReport['failure']> {
  return {
    code,
    message: message.length > maxMessageLength ? `${cut(message, maxMessageLength)}…` : message,
    retryable,
    ...(slice !== undefined && { slice }),
    ...(position !== undefined && { position: cut(JSON.stringify(position), maxPositionLength) }),
  }
}

/** Cuts the text to at most `length`, but never in the middle of a surrogate pair. */
function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')
}

function wholeTimings({ extract, validate, transform, load }: Timings): WorkerReport['timings'] {
  return { extractMs: Math.round(extract), validateMs: Math.round(validate), transformMs: Math.round(transform), loadMs: Math.round(load) }
}
