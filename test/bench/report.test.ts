import { expect, test } from 'vitest'
import { markdown, type Report } from './report.ts'
import type { Measurement } from './rounds.ts'
import { median, results } from './statistics.ts'

const psql = { name: 'psql csv → key', contestant: 'psql', processes: 1, base: 'keyed', isBase: true } as const
const append = { name: 'headgate append', contestant: 'headgate', processes: 1, base: 'keyed', target: { ratio: 1.2 } } as const
const mebibyte = 1024 ** 2

function measured(step: Measurement['step'], round: number, seconds: number, more: Partial<Measurement> = {}): Measurement {
  return { step, order: 'sorted', round, seconds, serverSeconds: seconds / 2, uses: [{ name: 'node', peakBytes: 100 * mebibyte, cpuSeconds: 1 }], ...more }
}

function report(measurements: Measurement[], more: Partial<Report> = {}): string {
  const fixed = { machine: { processor: 'abacus' }, settings: { fsync: 'on' }, date: new Date('2026-01-02'), rounds: 1, rows: 10, megabytes: 1, skipped: [] }
  return markdown({ ...fixed, results: results(measurements), ...more })
}

test.each([
  [[3], 3],
  [[1, 9, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

test('a ratio is taken within its round, so that a slow round does not distort it', () => {
  const [, result] = results([measured(psql, 1, 6), measured(append, 1, 4), measured(psql, 2, 60), measured(append, 2, 40)])
  expect(result?.ratio).toEqual({ median: 1.5, least: 1.5, most: 1.5 })
})

test('two times of psql in one round count as their mean', () => {
  const all = results([measured(psql, 1, 5), measured(append, 1, 3), measured(psql, 1, 7)])
  expect(all.find(({ step }) => step.name === append.name)?.ratio.median).toBe(2)
})

test.each([
  ['met', 4, '| yes |', '1 of 1 speed targets met'],
  ['missed', 6, '| **no** |', '0 of 1 speed targets met'],
])('a target that is %s is told', (_, seconds, cell, sentence) => {
  const text = report([measured(psql, 1, 5), measured(append, 1, seconds)])
  expect(text.replaceAll(/ +/g, ' ')).toContain(cell)
  expect(text).toContain(sentence)
})

test('the limit of a whole command is a multiple of psql’s time plus its start', () => {
  const small = { ...append, target: { times: 1.5, plusSeconds: 0.5 } }
  expect(report([measured(psql, 1, 1), measured(small, 1, 1.9)])).toContain('1 of 1 speed targets met')
  expect(report([measured(psql, 1, 1), measured(small, 1, 2.1)])).toContain('0 of 1 speed targets met')
})

test('a failed measurement is reported and never counts as fast', () => {
  const failed = measured(append, 1, Number.NaN, { uses: [], serverSeconds: Number.NaN, failure: 'the table holds 9 rows' })
  const text = report([measured(psql, 1, 5), failed])
  expect(text).toContain('the table holds 9 rows')
  expect(text).toContain('0 of 0 speed targets met')
})

test('a scenario that failed in one of several rounds counts as failed', () => {
  const failed = measured(append, 2, Number.NaN, { uses: [], serverSeconds: Number.NaN, failure: 'the table holds 9 rows' })
  const text = report([measured(psql, 1, 5), measured(append, 1, 2), measured(psql, 2, 5), failed])
  expect(text).toContain('headgate append (1 failed)')
})

test('the peak of each process is shown, and the largest is judged', () => {
  const uses = [300, 120].map((size) => ({ name: 'node', peakBytes: size * mebibyte, cpuSeconds: 1 }))
  const text = report([measured(psql, 1, 5), measured(append, 1, 2, { uses })])
  expect(text).toContain('300 + 120')
  expect(text).toContain('Largest process of Headgate: 300 MB; target: under 256 MB, **missed**')
})

test('a missing measurement is reported', () => {
  expect(report([measured(psql, 1, 5)], { skipped: ['DuckDB, for want of Python'] })).toContain('Not measured: DuckDB, for want of Python')
})
