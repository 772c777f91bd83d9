import { expect, test } from 'vitest'
import { durationMilliseconds, shortDuration } from './durations.ts'

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
])('%s is understood', (text, milliseconds) => {
  expect(durationMilliseconds(text)).toBe(milliseconds)
})

test.each(['', '5', '5 m', '-5m', '1.5h', '1h30m', '5M'])('"%s" is refused, and the error shows valid durations', (text) => {
  expect(() => durationMilliseconds(text)).toThrow(/write for example 500ms, 30s/)
})

test.each([
  [-1, '0ms'],
  [0, '0ms'],
  [850, '850ms'],
  [999.6, '999ms'],
  [42_000, '42s'],
  [60_000, '1m'],
  [192_999, '3m12s'],
  [3_600_000, '1h'],
  [7_500_000, '2h5m'],
  [3_601_000, '1h'],
  [93_600_000, '1d2h'],
  [356_400_000, '4d3h'],
])('%i milliseconds are shown as %s', (milliseconds, shown) => {
  expect(shortDuration(milliseconds)).toBe(shown)
})
