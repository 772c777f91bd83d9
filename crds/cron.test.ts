import { expect, test } from 'vitest'
import { parseCron } from './cron.ts'
import { nextTick } from './next-tick.ts'

const next = (expression: string, zone: string, after: string) => nextTick(parseCron(expression), zone, new Date(after))?.toISOString()

const ticks: [expression: string, zone: string, after: string, tick: string][] = [
  ['*/15 * * * *', 'UTC', '2026-03-01T00:00:00Z', '2026-03-01T00:15:00.000Z'],
  ['*/15 * * * *', 'UTC', '2026-03-01T00:14:59Z', '2026-03-01T00:15:00.000Z'],
  ['@hourly', 'UTC', '2026-12-31T23:00:00Z', '2027-01-01T00:00:00.000Z'],
  ['@daily', 'Europe/Berlin', '2026-01-10T12:00:00Z', '2026-01-10T23:00:00.000Z'],
  ['@midnight', 'Asia/Kolkata', '2026-01-10T12:00:00Z', '2026-01-10T18:30:00.000Z'],
  ['@weekly', 'UTC', '2026-03-02T00:00:00Z', '2026-03-08T00:00:00.000Z'],
  ['@monthly', 'UTC', '2026-03-02T00:00:00Z', '2026-04-01T00:00:00.000Z'],
  ['@yearly', 'UTC', '2026-03-02T00:00:00Z', '2027-01-01T00:00:00.000Z'],
  ['0 6 * * MON-FRI', 'UTC', '2026-03-06T07:00:00Z', '2026-03-09T06:00:00.000Z'],
  ['0 6 * jan,Mar 1', 'UTC', '2026-02-01T07:00:00Z', '2026-03-02T06:00:00.000Z'],
  ['5/20 3-5/2 * * *', 'UTC', '2026-03-06T03:45:00Z', '2026-03-06T05:05:00.000Z'],
  // both days restricted: either is enough
  ['0 0 13 * 5', 'UTC', '2026-03-01T00:00:00Z', '2026-03-06T00:00:00.000Z'],
  ['0 0 13 * *', 'UTC', '2026-03-01T00:00:00Z', '2026-03-13T00:00:00.000Z'],
  ['0 0 ? * 5', 'UTC', '2026-03-01T00:00:00Z', '2026-03-06T00:00:00.000Z'],
  ['0 0 29 2 *', 'UTC', '2096-03-01T00:00:00Z', '2104-02-29T00:00:00.000Z'],
  // clocks go forward at 2:00 on 29 March 2026: 2:30 does not exist
  ['30 2 * * *', 'Europe/Berlin', '2026-03-28T02:00:00Z', '2026-03-30T00:30:00.000Z'],
  // clocks go back at 3:00 on 25 October 2026: 2:30 comes twice
  ['30 2 * * *', 'Europe/Berlin', '2026-10-24T02:00:00Z', '2026-10-25T00:30:00.000Z'],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-26T01:30:00.000Z'],
]

test.each(ticks)('%s in %s after %s ticks at %s', (expression, zone, after, tick) => {
  expect(next(expression, zone, after)).toBe(tick)
})

test('a date that never comes never ticks', () => {
  expect(next('0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z')).toBeUndefined()
})

test.each([
  ['60 * * * *', 'the minute 60 is not within 0 to 59'],
  ['* 24 * * *', 'the hour 24 is not within 0 to 23'],
  ['* * 0 * *', 'the day of month 0 is not within 1 to 31'],
  ['* * * 13 *', 'the month 13 is not within 1 to 12 or JAN to DEC'],
  ['* * * * 7', 'the day of week 7 is not within 0 to 6 or SUN to SAT; Sunday is 0'],
  ['* * * * FUN', 'the day of week FUN is not within 0 to 6'],
  ['*/0 * * * *', 'the minute */0 needs a step of at least 1'],
  ['1-2-3 * * * *', 'the minute 1-2-3 is not within'],
  ['30-10 * * * *', 'the minute 30-10 ends before it begins'],
  ['1,,2 * * * *', 'the minute  is not within'],
  ['* * * *', 'has 4 fields, not five'],
  ['@often', 'has 1 fields, not five'],
])('%s is refused: %s', (expression, message) => {
  expect(() => parseCron(expression)).toThrow(message)
})
