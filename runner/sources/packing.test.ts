import { describe, expect, it } from 'vitest'
import type { InputPlan } from '../formats/format.ts'
import { type Part, type Planned, packed, packedPosition, type SliceSpec } from './packing.ts'

const whole: InputPlan = { empty: false, ranges: [{ start: 0, end: null }], fields: ['id'], leastRecordBytes: 2 }

/** Inputs by their sizes, in order. */
function inputs(sizes: (number | undefined)[], plan: (ordinal: number) => InputPlan = () => whole): Planned[] {
  return sizes.map((size, ordinal) => ({
    ordinal,
    input: { name: `${ordinal}.csv`, identity: ordinal, ...(size !== undefined && { size }) },
    plan: plan(ordinal),
  }))
}

/** The ordinals of each slice's inputs. */
function packs(planned: Planned[], targetBytes = 1000): number[][] {
  return [...packed(planned, targetBytes)].map(({ spec }) => (spec as unknown as SliceSpec).parts.map(({ ordinal }) => ordinal))
}

describe('small inputs', () => {
  it('share slices of about the target size, in order', () => {
    expect(packs(inputs([400, 400, 300, 900, 200, 50]))).toEqual([[0, 1], [2], [3], [4, 5]])
  })

  it('are named by their slice, which has the sum of their bytes', () => {
    const slices = [...packed(inputs([1, 2, 3]), 1000)]
    expect(slices).toMatchObject([{ input: 0, name: '0.csv and 2 more', inputs: ['0.csv', '1.csv', '2.csv'], bytes: 6, fields: ['id'], leastRecordBytes: 2 }])
  })

  it('keep the shape of a slice of one input if they are alone', () => {
    const [slice] = packed(inputs([5]), 1000)
    expect(slice).toMatchObject({ input: 0, name: '0.csv', bytes: 5 })
    expect(slice).not.toHaveProperty('inputs')
  })

  it('are at most a thousand in one slice', () => {
    expect(packs(inputs(Array.from({ length: 1001 }, () => 0))).map(({ length }) => length)).toEqual([1000, 1])
  })

  it.each([
    ['other fields', { ...whole, fields: ['id', 'name'] }],
    ['the same names put together otherwise', { ...whole, fields: ['i', 'd'] }],
    ['no fields, because they are empty', { empty: true, ranges: whole.ranges, leastRecordBytes: 2 }],
    ['smaller records', { ...whole, leastRecordBytes: 1 }],
  ])('do not share a slice with one that has %s', (_, other) => {
    expect(packs(inputs([1, 1, 1], (ordinal) => (ordinal === 1 ? other : whole)))).toEqual([[0], [1], [2]])
  })

  it.each([
    ['of a megabyte', 1 << 20, whole],
    ['of unknown size', undefined, whole],
    [
      'that is cut into ranges',
      10,
      {
        ...whole,
        ranges: [
          { start: 0, end: 5 },
          { start: 5, end: null },
        ],
      },
    ],
  ])('leave an input %s alone', (_, size, plan) => {
    const slices = packs(
      inputs([1, 1, size, 1, 1], (ordinal) => (ordinal === 2 ? plan : whole)),
      4 << 20,
    )
    expect(slices).toEqual([[0, 1], ...plan.ranges.map(() => [2]), [3, 4]])
  })
})

describe('a position in a slice of several inputs', () => {
  const parts = inputs([1, 1]).map(({ ordinal, input }): Part => ({ ordinal, input, range: { start: 0, end: null } }))

  it('is the beginning, or a part and a place in it', () => {
    expect(packedPosition(undefined, parts, 'x')).toEqual({ part: 0 })
    expect(packedPosition({ part: 1 }, parts, 'x')).toEqual({ part: 1 })
    expect(packedPosition({ part: 1, at: 7 }, parts, 'x')).toEqual({ part: 1, at: 7 })
  })

  it.each([7, null, 'elsewhere', [], {}, { part: 2 }, { part: -1 }, { part: 0.5 }, { part: '0' }])('%j is refused', (position) => {
    expect(() => packedPosition(position, parts, 'x')).toThrow(expect.objectContaining({ code: 'InvalidPosition' }))
  })
})
