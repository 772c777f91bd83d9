import { expect, test } from 'vitest'
import { waitingTime } from './options.ts'

test('A time to wait is a duration that a timer can hold', () => {
  expect(waitingTime('90s')).toBe(90_000)
  for (const text of ['0s', '90', '25d', 'soon']) expect(() => waitingTime(text)).toThrow('such as 90s')
})
