import { describe, expect, it } from 'vitest'
import { checkGate } from './gate.ts'

const counts = (read: number, quarantined: number, parked = 0) => ({ read, quarantined, parked })

describe('the quality gate', () => {
  it.each([
    ['no quality declared', undefined, counts(10, 9)],
    ['every record rejected, which is declared to be fine', { maxRejectedRatio: '1' }, counts(10, 10)],
    ['nothing read and no quality declared', undefined, counts(0, 0)],
    ['just as many rejected as the number allows', { maxRejected: 6 }, counts(100, 3, 3)],
    ['just as many rejected as allowed', { maxRejectedRatio: '0.05' }, counts(100, 5)],
    ['just enough records', { minRecords: 100 }, counts(100, 0)],
    ['nothing read and no minimum', { maxRejectedRatio: '0' }, counts(0, 0)],
  ])('is open with %s', (_, quality, totals) => {
    expect(() => checkGate(quality, totals)).not.toThrow()
  })

  it.each([
    ['too many rejected', { maxRejectedRatio: '0.05' }, counts(100, 6), /6 of 100 records were rejected \(6\.00 %\).*allows 5 %/],
    ['too many rejected, parked ones included', { maxRejectedRatio: '0.05' }, counts(100, 3, 3), /6 of 100/],
    ['one rejected where none may be', { maxRejectedRatio: '0' }, counts(100, 1), /1 of 100/],
    ['every record rejected', undefined, counts(10, 6, 4), /all 10 records were rejected; write quality.maxRejectedRatio: "1"/],
    ['every record rejected, with another limit', { minRecords: 1, maxRejected: 10 }, counts(10, 10), /all 10/],
    ['more rejected than the number allows', { maxRejected: 6 }, counts(100, 7), /7 records were rejected, quality.maxRejected allows 6/],
    ['more rejected than the default', undefined, counts(9e6, 1_000_001), /the default of quality.maxRejected allows 1000000/],
    ['too few records', { minRecords: 100 }, counts(99, 0), /gave 99 records, quality.minRecords asks for 100/],
  ])('is shut with %s', (_, quality, totals, message) => {
    expect(() => checkGate(quality, totals)).toThrow(expect.objectContaining({ code: 'QualityGate', message: expect.stringMatching(message) }))
  })
})
