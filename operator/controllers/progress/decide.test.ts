import { expect, test } from 'vitest'
import { decideShow, type ShowQuestion } from './decide.ts'

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
