import { expect, it } from 'vitest'
import type { Schema } from '../../crds/fields.ts'
import { compileRules } from './rules.ts'

const fields: Schema['fields'] = [
  { name: 'n', type: 'integer' },
  { name: 'd', type: 'decimal' },
  { name: 'none', type: 'text' },
  { name: 'at', type: 'timestamp' },
  { name: 'later', type: 'timestamp' },
  { name: 'day', type: 'date' },
  { name: 'text', type: 'text' },
  { name: 'odd name', type: 'boolean' },
  { name: 'meta', type: 'json' },
]
const record = {
  n: 5n,
  d: '1.50',
  none: null,
  at: '2024-01-01 00:00:00+00',
  later: '2024-01-01 00:00:00.000001+00',
  day: '2024-02-29',
  text: 'abc',
  'odd name': true,
  meta: '{"tags": ["x"]}',
}

function rule(expression: string, message?: string) {
  return compileRules({ fields, rules: [{ name: 'r', expression, ...(message && { message }) }] })[0]
}

it.each([
  'record.n > 4',
  'record.n * 2 == 10',
  'record.d < 2',
  'record.d == 1.5',
  'double(record.n) * record.d == 7.5',
  'record.none == null || record.none > "x"',
  'record.later > record.at',
  'record.at >= instant("2023-12-31T19:00:00-05:00")',
  'micros(record.later) - micros(record.at) == 1',
  'record.day > "2024-02-28"',
  'record.text.matches("^a") && size(record.text) == 3',
  'record["odd name"]',
  'record.n in [1, 5]',
  'json(record.meta).tags[0] == "x"',
])('%s holds', (expression) => {
  expect(rule(expression)?.check(record)).toBeUndefined()
})

it.each(['record.n > 5', 'record.none > "x"', 'record.n * record.d > 0.0', 'record.at > record.later', 'record.text'])('%s does not hold', (expression) => {
  expect(rule(expression)?.check(record)).toMatchObject({ code: 'rule.r', message: expect.stringContaining(expression) })
})

it('says what the pipeline says when it is broken', () => {
  expect(rule('record.n > 5', 'n is too small')?.check(record)).toEqual({ code: 'rule.r', message: 'n is too small' })
})

it.each([
  { expression: 'record.nn > 1', message: 'did you mean record.n?' },
  { expression: 'record.n >', message: 'Unexpected' },
  { expression: '1 + 1', message: 'int, not bool' },
  { expression: 'nothing(record.n)', message: 'nothing' },
])('$expression is refused before the run', ({ expression, message }) => {
  expect(() => rule(expression)).toThrow(expect.objectContaining({ code: 'InvalidRule', message: expect.stringContaining(message) }))
})

it('knows the fields it reads', () => {
  expect(rule('record.n > 1 && record["odd name"]')?.fields).toEqual(['n', 'odd name'])
  expect(rule('size(record) > 1')?.fields).toHaveLength(fields.length)
})
