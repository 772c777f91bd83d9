import { expect, test } from 'vitest'
import { waitingTime } from './options.ts'

test('--timeout is a duration within the range of a timer', () => {
  expect(waitingTime('90s')).toBe(90_000)
  for (const text of ['0s', '90', '25d', 'soon']) expect(() => waitingTime(text)).toThrow('such as 90s')
})
