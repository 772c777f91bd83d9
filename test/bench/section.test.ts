import { expect, test } from 'vitest'
import { withSection } from './section.ts'

test('a section replaces itself and leaves other sections unchanged', () => {
  const first = withSection('', 'operator', 'runs')
  const both = withSection(first, 'loading', 'rows')
  expect(both.indexOf('rows')).toBeLessThan(both.indexOf('runs'))
  const again = withSection(both, 'operator', 'more runs')
  expect(again).toContain('rows')
  expect(again).toContain('more runs')
  expect(again.match(/begin, generated/g)).toHaveLength(2)
  expect(withSection(again, 'operator', 'more runs')).toBe(again)
})
