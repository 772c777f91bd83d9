import { expect, test } from 'vitest'
import { canTick, parseCron, ticksOnDay } from './cron.ts'

const read = (expression: string) => {
  const { minutes, hours, months, days, weekdays } = parseCron(expression)
  return [minutes, hours, days, months, weekdays].map((field) => (field === undefined ? '*' : [...field].join(',')))
}

test.each([
  ['5 4 3 2 1', ['5', '4', '3', '2', '1']],
  ['0-30/15 6-8 1,15 JAN,feb MON-FRI', ['0,15,30', '6,7,8', '1,15', '1,2', '1,2,3,4,5']],
  ['50/5 22/1 ? dec *', ['50,55', '22,23', '*', '12', '*']],
  ['@weekly', ['0', '0', '*', '1,2,3,4,5,6,7,8,9,10,11,12', '0']],
])('%s means %j', (expression, fields) => {
  const [minutes, hours, days, months, weekdays] = read(expression)
  expect([minutes, hours, days, months, weekdays]).toEqual(fields)
})

test.each([
  ['@hourly', '0 * * * *'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
])('%s is short for %s', (macro, expression) => {
  expect(parseCron(macro)).toEqual(parseCron(expression))
})

// 13 March 2026 is a Friday
test.each([
  ['0 0 13 * *', true, true],
  ['0 0 * * FRI', true, false],
  ['0 0 14 * 5', true, false],
  ['0 0 14 * 4', false, false],
  ['0 0 13 4 5', false, false],
  ['0 0 13 * */2', true, true],
  ['0 0 */2 * *', true, true],
])('%s ticks on Friday the 13th of March: %s; on Monday the 13th: %s', (expression, friday, monday) => {
  expect(ticksOnDay(parseCron(expression), 3, 13, 5)).toBe(friday)
  expect(ticksOnDay(parseCron(expression), 3, 13, 1)).toBe(monday)
})

test.each([
  ['0 0 29 2 *', true],
  ['0 0 30 2 *', false],
  ['0 0 31 4,6,9,11 ?', false],
  ['0 0 30 2 1', true],
  ['0 0 * 2 1', true],
])('%s ever ticks: %s', (expression, ever) => {
  expect(canTick(parseCron(expression))).toBe(ever)
})

test.each([
  ['60 * * * *', 'the minute 60 is not within 0 to 59'],
  ['* 24 * * *', 'the hour 24 is not within 0 to 23'],
  ['* * 0 * *', 'the day of month 0 is not within 1 to 31'],
  ['* * * 13 *', 'the month 13 is not within 1 to 12 or JAN to DEC'],
  ['* * * * 7', 'the day of week 7 is not within 0 to 6 or SUN to SAT; Sunday is 0'],
  ['* * * * FUN', 'the day of week FUN is not within 0 to 6'],
  ['*/0 * * * *', 'the minute */0 needs a step of at least 1'],
  ['*-5 * * * *', 'the minute *-5 is not within 0 to 59'],
  ['1-2-3 * * * *', 'the minute 1-2-3 is not within'],
  ['30-10 * * * *', 'the minute 30-10 ends before it begins'],
  ['1,,2 * * * *', 'the minute  is not within'],
  ['* * * *', 'has 4 fields, not five'],
  ['@often', 'has 1 fields, not five'],
])('%s is refused: %s', (expression, message) => {
  expect(() => parseCron(expression)).toThrow(message)
})
