import { expect, test } from 'vitest'
import { readOptions } from './options.ts'
import { markdown } from './report.ts'

test.each([
  [[], { files: 10_000, records: 100 }],
  [['--quick'], { files: 500, records: 100 }],
  [['--files', '7', '--records', '3'], { files: 7, records: 3 }],
])('%j', (args, expected) => {
  expect(readOptions(args)).toMatchObject(expected)
})

test.each([[['--files', '0']], [['--rows', '1']]])('%j is refused with the usage', (args) => {
  expect(() => readOptions(args)).toThrow('npm run bench -- inputs')
})

test.each([
  [10, 'yes'],
  [10.1, '**no**'],
])('The report compares the better loads with the target: %s s', (seconds, met) => {
  const measured = [1, 2].flatMap((times) => [
    { feed: 'one file' as const, seconds: times },
    { feed: 'many files' as const, seconds: seconds * times },
  ])
  const text = markdown({ files: 10_000, records: 100, measured, machine: { processor: 'abacus' }, settings: { fsync: 'on' } }).replaceAll(/ +/g, ' ')
  expect(text).toContain(`| 10,000 files | ${seconds.toFixed(2)} | ${seconds.toFixed(1)} | ≤ 10 s | ${met} |`)
})
