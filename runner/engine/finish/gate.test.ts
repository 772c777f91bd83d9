import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkGate, checkSoFar, measureGate } from './gate.ts'

const counts = (read: number, quarantined: number, parked = 0) => ({ read, quarantined, parked })

describe('the quality gate', () => {
  it.each([
    ['no quality declared', undefined, counts(10, 9)],
    ['every record rejected, which the ratio allows', { maxRejectedRatio: '1' }, counts(10, 10)],
    ['nothing read and no quality declared', undefined, counts(0, 0)],
    ['exactly as many rejected as maxRejected allows', { maxRejected: 6 }, counts(100, 3, 3)],
    ['exactly as many rejected as maxRejectedRatio allows', { maxRejectedRatio: '0.05' }, counts(100, 5)],
    ['exactly as many records as required', { minRecords: 100 }, counts(100, 0)],
    ['nothing read and no minimum', { maxRejectedRatio: '0' }, counts(0, 0)],
  ])('passes with %s', (_, quality, totals) => {
    expect(() => checkGate(quality, totals)).not.toThrow()
  })

  it.each([
    ['too many rejected', { maxRejectedRatio: '0.05' }, counts(100, 6), /6 of 100 records were rejected \(6\.00 %\).*allows 5 %/],
    ['too many rejected, parked ones included', { maxRejectedRatio: '0.05' }, counts(100, 3, 3), /6 of 100/],
    ['one rejected if none is allowed', { maxRejectedRatio: '0' }, counts(100, 1), /1 of 100/],
    ['every record rejected', undefined, counts(10, 6, 4), /all 10 records were rejected; set quality.maxRejectedRatio: "1"/],
    ['every record rejected, with another limit', { minRecords: 1, maxRejected: 10 }, counts(10, 10), /all 10/],
    ['more rejected than maxRejected allows', { maxRejected: 6 }, counts(100, 7), /7 records were rejected, quality.maxRejected allows 6/],
    ['more rejected than the default', undefined, counts(9e6, 1_000_001), /the default of quality.maxRejected allows 1000000/],
    ['too few records', { minRecords: 100 }, counts(99, 0), /has 99 records, but quality.minRecords requires 100/],
  ])('fails with %s', (_, quality, totals, message) => {
    expect(() => checkGate(quality, totals)).toThrow(expect.objectContaining({ code: 'QualityGate', message: expect.stringMatching(message) }))
  })
})

describe('the measurements of the gate', () => {
  it('contain each declared check with its measured value and its limit', () => {
    const figures = measureGate({ minRecords: 50, maxRejectedRatio: '0.05' }, counts(100, 5, 1)).map(({ failure, ...figure }) => ({
      ...figure,
      passes: failure === undefined,
    }))
    expect(figures).toEqual([
      { name: 'minRecords', measured: 100, allowed: 50, passes: true },
      { name: 'maxRejectedRatio', measured: 0.06, allowed: 0.05, passes: false },
      { name: 'maxRejected', measured: 6, allowed: 1_000_000, passes: true },
    ])
  })
})

describe('the quality gate while the run is being read', () => {
  const soFar = (read: number, rejected: number, maxRemaining?: number) => ({ read, rejected, maxRemaining })

  it.each([
    ['no quality declared', undefined, soFar(10, 10, 0)],
    ['a ratio that further records may lower enough', { maxRejectedRatio: '0.05' }, soFar(10, 5, 90)],
    ['no bound for the number of further records', { maxRejectedRatio: '0.05' }, soFar(10, 5)],
    ['every record rejected, which the ratio allows', { maxRejectedRatio: '1' }, soFar(10, 10, 0)],
    ['fewer records than the minimum so far', { minRecords: 100 }, soFar(10, 0, 0)],
  ])('passes with %s', (_, quality, figures) => {
    expect(() => checkSoFar(quality, figures)).not.toThrow()
  })

  it.each([
    [
      'a ratio that further records cannot lower enough',
      { maxRejectedRatio: '0.05' },
      soFar(10, 5, 89),
      /5 of 10 records were rejected and at most 89 more can be accepted \(at least 5\.05 % in the end\), quality\.maxRejectedRatio allows 5 %/,
    ],
    ['one rejected if none is allowed', { maxRejectedRatio: '0' }, soFar(10, 1), /a record was rejected and quality\.maxRejectedRatio allows 0 %/],
    ['more rejected than maxRejected allows', { maxRejected: 6 }, soFar(100, 7), /7 records were rejected, quality.maxRejected allows 6/],
  ])('fails with %s', (_, quality, figures, message) => {
    expect(() => checkSoFar(quality, figures)).toThrow(expect.objectContaining({ code: 'QualityGate', message: expect.stringMatching(message) }))
  })

  it('fails only if the final check fails whatever records follow', () => {
    const share = fc.nat({ max: 1000 }).map((thousandths) => thousandths / 1000)
    const figures = fc.record({ read: fc.nat({ max: 300 }), share, maxRemaining: fc.nat({ max: 300 }) })
    const rest = fc.record({ accepted: share, rejected: fc.nat({ max: 300 }) })
    const allowed = share.map(String)
    let failures = 0
    fc.assert(
      fc.property(figures, rest, allowed, ({ read, share, maxRemaining }, later, maxRejectedRatio) => {
        const quality = { maxRejectedRatio }
        const rejected = Math.round(read * share)
        if (passes(() => checkSoFar(quality, { read, rejected, maxRemaining }))) return
        failures++
        const total = read + Math.round(maxRemaining * later.accepted) + later.rejected
        expect(passes(() => checkGate(quality, counts(total, rejected + later.rejected)))).toBe(false)
      }),
      { numRuns: 5000 },
    )
    expect(failures).toBeGreaterThan(500)
  })
})

function passes(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}
