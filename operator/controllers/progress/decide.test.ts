import { expect, test } from 'vitest'
import type { LiveProgress } from './book.ts'
import { decideShow, furthest, type ShowQuestion } from './decide.ts'

const shown = { at: 100_000, nextAt: 103_000 }

test.each<[string, Partial<ShowQuestion>, { at: number; nextAt: number } | undefined]>([
  ['at once the first time', { shown: undefined }, { at: 100_000, nextAt: 103_000 }],
  ['not again right away', { now: 102_999 }, undefined],
  ['again after three seconds', { now: 103_000 }, { at: 103_000, nextAt: 106_000 }],
  ['not while nothing changes', { now: 103_000, changed: false }, undefined],
  ['once a minute while nothing changes', { now: 160_000, changed: false }, { at: 160_000, nextAt: 163_000 }],
  ['less often with many runs at work', { now: 103_000, active: 1000 }, { at: 103_000, nextAt: 123_000 }],
  ['spread by chance', { now: 103_000, random: 1 }, { at: 103_000, nextAt: 106_600 }],
])('shows %s', (_, question, answer) => {
  expect(decideShow({ changed: true, shown, now: 100_000, active: 1, random: 0.5, ...question })).toEqual(answer)
})

const records = (read: number, more: object = {}) => ({ read, loaded: read, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0, ...more })

test.each<[string, LiveProgress | undefined, LiveProgress, LiveProgress]>([
  ['what was found first', undefined, { records: records(5) }, { records: records(5) }],
  [
    'what is further',
    { records: records(5), slices: { total: 4, done: 1 } },
    { records: records(9), slices: { total: 4, done: 2 } },
    { records: records(9), slices: { total: 4, done: 2 } },
  ],
  [
    'what was known while less is found',
    { records: records(896_528), slices: { total: 4, done: 3 } },
    { records: records(177_900), slices: { total: 4, done: 0 } },
    { records: records(896_528), slices: { total: 4, done: 3 } },
  ],
  [
    'the number of slices that was known',
    { records: records(5), slices: { total: 4, done: 1 } },
    { records: records(6) },
    { records: records(6), slices: { total: 4, done: 1 } },
  ],
  [
    'as many records of which fewer are loaded: they were superseded',
    { records: records(9) },
    { records: records(9, { loaded: 8, superseded: 1 }) },
    { records: records(9, { loaded: 8, superseded: 1 }) },
  ],
])('shows %s', (_, before, found, shown) => {
  expect(furthest(before, found)).toEqual(shown)
})
