import { expect, test } from 'vitest'
import { parseWorkerReport } from './report.ts'

const none = { read: 0, loaded: 0, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0, derived: 0, removed: 0 }

test('A complete report is returned unchanged', () => {
  const report = {
    state: 'Failed',
    records: { ...none, read: 3, loaded: 2, quarantined: 1 },
    slices: { total: 2, done: 1 },
    timings: { extractMs: 1, validateMs: 2, transformMs: 3, loadMs: 4 },
    throughput: 7,
    failure: { code: 'SourceNotFound', message: 'no file', retryable: false, slice: 1, position: '12' },
  }
  expect(parseWorkerReport(JSON.stringify(report))).toEqual(report)
})

test.each([
  ['nothing', undefined],
  ['an empty message', ''],
  ['log output', 'Error: connect ECONNREFUSED\n    at Socket'],
  ['truncated JSON', '{"state":"Succeeded","records":{"read":1'],
  ['other JSON', '{"level":"info"}'],
  ['a list', '[{"state":"Failed"}]'],
  ['null', 'null {'],
  ['an unknown state', '{"state":"Tired"}'],
])('%s is no report', (_, message) => {
  expect(parseWorkerReport(message)).toBeUndefined()
})

test('A report after lines of log output is found', () => {
  expect(parseWorkerReport('warning: slow\n{"state":"Running"}\n')?.state).toBe('Running')
})

test('Missing or invalid counts are 0, and long texts are truncated', () => {
  const failure = { code: 'c'.repeat(200), message: 'm'.repeat(5000), position: 'p'.repeat(500), slice: -1 }
  const report = parseWorkerReport(JSON.stringify({ state: 'Failed', records: { read: -1, loaded: 1.5, parked: '7' }, slices: 'x', throughput: 0.5, failure }))
  expect(report?.records).toEqual(none)
  expect(report?.slices).toEqual({ total: 0, done: 0 })
  expect(report?.throughput).toBeUndefined()
  expect(report?.failure).toEqual({ code: 'c'.repeat(128), message: 'm'.repeat(2048), position: 'p'.repeat(256), retryable: false })
})
