import { expect, test } from 'vitest'
import type { LiveProgress } from './book.ts'
import { decideShow, furthest, type ShowQuestion } from './decide.ts'

const shown = { at: 100_000, nextAt: 103_000 }

test.each<[string, Partial<ShowQuestion>, { at: number; nextAt: number } | undefined]>([
  ['at once the first time', { shown: undefined }, { at: 100_000, nextAt: 103_000 }],
  ['nothing before the pause has passed', { now: 102_999 }, undefined],
  ['again after three seconds', { now: 103_000 }, { at: 103_000, nextAt: 106_000 }],
  ['nothing while the counts are unchanged', { now: 103_000, changed: false }, undefined],
  ['unchanged counts once a minute', { now: 160_000, changed: false }, { at: 160_000, nextAt: 163_000 }],
  ['less often with many active runs', { now: 103_000, active: 1000 }, { at: 103_000, nextAt: 123_000 }],
  ['with jitter', { now: 103_000, random: 1 }, { at: 103_000, nextAt: 106_600 }],
])('shows %s', (_, question, answer) => {
  expect(decideShow({ changed: true, shown, now: 100_000, active: 1, random: 0.5, ...question })).toEqual(answer)
})

const records = (read: number, more: object = {}) => ({ read, loaded: read, unchanged: 0, superseded: 0, filtered: 0, quarantined: 0, parked: 0, ...more })

test.each<[string, LiveProgress | undefined, LiveProgress, LiveProgress]>([
  ['the first counts', undefined, { records: records(5) }, { records: records(5) }],
  [
    'counts that have advanced',
    { records: records(5), slices: { total: 4, done: 1 } },
    { records: records(9), slices: { total: 4, done: 2 } },
    { records: records(9), slices: { total: 4, done: 2 } },
  ],
  [
    'the earlier counts while the new ones are lower',
    { records: records(896_528), slices: { total: 4, done: 3 } },
    { records: records(177_900), slices: { total: 4, done: 0 } },
    { records: records(896_528), slices: { total: 4, done: 3 } },
  ],
  [
    'the earlier number of slices if the new one is missing',
    { records: records(5), slices: { total: 4, done: 1 } },
    { records: records(6) },
    { records: records(6), slices: { total: 4, done: 1 } },
  ],
  [
    'the new counts if fewer records are loaded because some were superseded',
    { records: records(9) },
    { records: records(9, { loaded: 8, superseded: 1 }) },
    { records: records(9, { loaded: 8, superseded: 1 }) },
  ],
])('shows %s', (_, before, found, shown) => {
  expect(furthest(before, found)).toEqual(shown)
})
