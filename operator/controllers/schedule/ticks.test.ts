import { describe, expect, test } from 'vitest'
import { fieldsOf, tickAfter, tickBefore } from './ticks.ts'

const at = (moment: number | undefined) => (moment === undefined ? undefined : new Date(moment).toISOString().replace(':00.000Z', 'Z'))

describe('the tick before and after', () => {
  test.each([
    ['*/15 * * * *', 'UTC', '2026-03-01T00:00Z', '2026-02-28T23:45Z', '2026-03-01T00:15Z'],
    ['*/15 * * * *', 'UTC', '2026-03-01T00:00:30Z', '2026-03-01T00:00Z', '2026-03-01T00:15Z'],
    ['* * * * *', 'UTC', '2026-03-01T00:00Z', '2026-02-28T23:59Z', '2026-03-01T00:01Z'],
    ['0 9 * * MON-FRI', 'America/New_York', '2026-03-29T12:00Z', '2026-03-27T13:00Z', '2026-03-30T13:00Z'],
    ['0 0 13 * 5', 'UTC', '2026-03-29T12:00Z', '2026-03-27T00:00Z', '2026-04-03T00:00Z'],
    ['0 0 */2 * 5', 'UTC', '2026-03-29T12:00Z', '2026-03-29T00:00Z', '2026-03-31T00:00Z'],
    ['0 0 * * */7', 'UTC', '2026-03-29T12:00Z', '2026-03-29T00:00Z', '2026-04-05T00:00Z'],
    ['0 0 29 2 *', 'UTC', '2026-03-29T12:00Z', '2024-02-29T00:00Z', '2028-02-29T00:00Z'],
    ['0 0 1 1 *', 'Australia/Lord_Howe', '2026-03-29T12:00Z', '2025-12-31T13:00Z', '2026-12-31T13:00Z'],
    ['45 5 * * *', 'Asia/Kathmandu', '2026-03-29T12:00Z', '2026-03-29T00:00Z', '2026-03-30T00:00Z'],
    ['@weekly', 'UTC', '2026-03-29T12:00Z', '2026-03-29T00:00Z', '2026-04-05T00:00Z'],
    ['5,35 8-10/2 * * *', 'UTC', '2026-03-29T09:00Z', '2026-03-29T08:35Z', '2026-03-29T10:05Z'],
    ['0 20/2 * * *', 'UTC', '2026-03-29T21:00Z', '2026-03-29T20:00Z', '2026-03-29T22:00Z'],
  ])('%s in %s, around %s', (cron, timeZone, moment, before, after) => {
    expect(at(tickBefore({ cron, timeZone }, Date.parse(moment)))).toBe(before)
    expect(at(tickAfter({ cron, timeZone }, Date.parse(moment)))).toBe(after)
  })

  test('a local time that daylight saving skips does not tick', () => {
    const night = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' }
    expect(at(tickBefore(night, Date.parse('2026-03-29T12:00Z')))).toBe('2026-03-28T01:30Z')
    expect(at(tickAfter(night, Date.parse('2026-03-28T12:00Z')))).toBe('2026-03-30T00:30Z')
  })

  test('a local time that occurs twice ticks twice', () => {
    const night = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' }
    expect(at(tickAfter(night, Date.parse('2026-10-24T12:00Z')))).toBe('2026-10-25T00:30Z')
    expect(at(tickAfter(night, Date.parse('2026-10-25T00:30Z')))).toBe('2026-10-25T01:30Z')
    expect(at(tickBefore(night, Date.parse('2026-10-25T01:30Z')))).toBe('2026-10-25T00:30Z')
  })

  test.each([
    ['0 0 30 2 *', 'UTC'],
    ['what', 'UTC'],
    ['0 0 * * *', 'Mars/Olympus'],
  ])('there is none for %s in %s', (cron, timeZone) => {
    expect(tickBefore({ cron, timeZone }, Date.parse('2026-03-29T12:00Z'))).toBeUndefined()
    expect(tickAfter({ cron, timeZone }, Date.parse('2026-03-29T12:00Z'))).toBeUndefined()
  })

  test.each(['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia'])(
    'a backward search in %s finds the same ticks as a forward search',
    (timeZone) => {
      const schedule = { cron: '7,41 1-3 * * 0,3', timeZone }
      const ticks: number[] = []
      for (let tick = tickAfter(schedule, Date.parse('2026-01-01T00:00Z')); tick !== undefined && ticks.length < 700; tick = tickAfter(schedule, tick))
        ticks.push(tick)
      const back: number[] = []
      for (let tick = tickBefore(schedule, (ticks.at(-1) as number) + 1); tick !== undefined && tick >= (ticks[0] as number); tick = tickBefore(schedule, tick))
        back.push(tick)
      expect(back.reverse()).toEqual(ticks)
    },
  )
})

test.each([
  '',
  '* * * *',
  '* * * * * *',
  '60 * * * *',
  '* 24 * * *',
  '* * 0 * *',
  '* * * 13 *',
  '* * * * 7',
  '*/0 * * * *',
  '5-1 * * * *',
  '*-5 * * * *',
  '@often',
  'a * * * *',
])('rejects %j as cron expression', (expression) => {
  expect(fieldsOf(expression)).toBeUndefined()
})
