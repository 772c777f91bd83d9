import { describe, expect, test } from 'vitest'
import type { Measured } from './measure.ts'
import { readOptions } from './options.ts'
import { markdown } from './report.ts'

describe('the command line', () => {
  test.each([
    [[], { rows: 10_000_000, rejects: 100_000 }],
    [['--quick'], { rows: 200_000, rejects: 2000 }],
    [['--rows', '1000000', '--rejects', '7'], { rows: 1_000_000, rejects: 7 }],
  ])('%j', (args, expected) => {
    expect(readOptions(args)).toMatchObject(expected)
  })

  test.each([[['--rows', '0']], [['--rows', '10', '--rejects', '10']], [['--workers', '2']]])('%j is refused with the usage', (args) => {
    expect(() => readOptions(args)).toThrow('npm run bench -- finish')
  })
})

describe('the report', () => {
  const report = (measured: Measured[]) =>
    markdown({ rows: 1000, rejects: 10, megabytes: 1, measured, machine: { processor: 'abacus' }, settings: { fsync: 'on' } }).replaceAll(/ +/g, ' ')

  test('contains both times, their ratio and the verdict', () => {
    const text = report([
      { name: 'quick', loadSeconds: 10, finishSeconds: 0.5 },
      { name: 'slow', loadSeconds: 10, finishSeconds: 1 },
    ])
    expect(text).toContain('| quick | 10.50 | 10.00 | 0.50 | 5.0 % | < 10 % | yes |')
    expect(text).toContain('| slow | 11.00 | 10.00 | 1.00 | 10.0 % | < 10 % | **no** |')
    expect(text).toContain('1 of 2 targets met')
    expect(text).toContain('processor: abacus')
  })
})
