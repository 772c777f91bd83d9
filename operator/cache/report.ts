// Parses the report in a worker's termination message, which may also be truncated, log output or anything else. Called by pods.ts and
// conclude.ts.
import type { RunFailure, RunRecords, RunSlices, RunTimings } from '../../crds/status.ts'
import { maxWorkerReportBytes, type WorkerReport } from '../../crds/wire/worker-report.ts'

/** More than the kubelet passes on. */
const longestMessage = 4 * maxWorkerReportBytes
const states = ['Running', 'Succeeded', 'Failed', 'Cancelled'] as const

/** Returns undefined if the message contains no report. Missing or invalid counts are 0. */
export function parseWorkerReport(message: string | undefined): WorkerReport | undefined {
  if (message === undefined || message.length > longestMessage || !message.includes('{')) return undefined
  const value = objectOf(message)
  return value === undefined ? undefined : boundedReport(value)
}

/** Truncates a report to what a status may hold; returns undefined if the value is not a report. */
export function boundedReport(report: Record<string, unknown>): WorkerReport | undefined {
  const state = states.find((one) => one === report.state)
  if (state === undefined) return undefined
  const failure = failureOf(report.failure)
  return {
    state,
    records: recordsOf(report.records),
    slices: slicesOf(report.slices),
    timings: timingsOf(report.timings),
    ...(isCount(report.throughput) ? { throughput: report.throughput } : {}),
    ...(failure === undefined ? {} : { failure }),
  }
}

type Loose = Record<string, unknown>

/** Parses the message as JSON or, because the kubelet may put log lines before the report, its last line. */
function objectOf(message: string): Loose | undefined {
  for (const text of [message, message.trimEnd().split('\n').at(-1) ?? '']) {
    try {
      const value: unknown = JSON.parse(text)
      if (isObject(value)) return value
    } catch {
      // Not JSON.
    }
  }
  return undefined
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** Picks counts by name, so that the API server accepts the result for any input. */
function counts<const Name extends string>(value: unknown, names: readonly Name[]): Record<Name, number> {
  const given = isObject(value) ? value : {}
  return Object.fromEntries(names.map((name) => [name, isCount(given[name]) ? given[name] : 0])) as Record<Name, number>
}

function recordsOf(value: unknown): RunRecords {
  return counts(value, ['read', 'loaded', 'unchanged', 'superseded', 'filtered', 'quarantined', 'parked', 'derived', 'removed'])
}

function slicesOf(value: unknown): RunSlices {
  return counts(value, ['total', 'done'])
}

function timingsOf(value: unknown): RunTimings {
  return counts(value, ['extractMs', 'validateMs', 'transformMs', 'loadMs'])
}

function failureOf(value: unknown): (RunFailure & { retryable: boolean }) | undefined {
  if (!isObject(value) || typeof value.code !== 'string') return undefined
  return {
    code: value.code.slice(0, 128),
    message: (typeof value.message === 'string' ? value.message : '').slice(0, 2048),
    retryable: value.retryable === true,
    ...(isCount(value.slice) ? { slice: value.slice } : {}),
    ...(typeof value.position === 'string' ? { position: value.position.slice(0, 256) } : {}),
  }
}
