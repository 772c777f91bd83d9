import { expect, it } from 'vitest'
import { mergeObserved } from './observed.ts'

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

it('merges what the batches of two inputs observed', () => {
  expect(mergeObserved(undefined, undefined)).toBeUndefined()
  const one = { added: { count: 1, names: ['x'] } }
  expect(mergeObserved(one, undefined)).toEqual(one)
  expect(mergeObserved(undefined, one)).toEqual(one)
  expect(mergeObserved(one, { added: { count: 2, names: ['x', 'y'] }, moved: { count: 1, names: ['id'] } })).toEqual({
    added: { count: 2, names: ['x', 'y'] },
    moved: { count: 1, names: ['id'] },
  })
})

it('keeps at most 50 names, and counts the others', () => {
  const merged = mergeObserved({ added: { count: 40, names: names('a', 40) } }, { added: { count: 40, names: names('b', 40) } })
  expect(merged?.added?.count).toBe(80)
  expect(merged?.added?.names).toHaveLength(50)
  // Names are hidden beside sensitive fields.
  expect(mergeObserved({ added: { count: 3, names: [] } }, { added: { count: 2, names: [] } })).toEqual({ added: { count: 3, names: [] } })
})
