import { describe, expect, it } from 'vitest'
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

it('reports the declared message when it is violated', () => {
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

const big = { ...record, text: 'x'.repeat(1 << 20), meta: JSON.stringify({ list: Array.from({ length: 3000 }, (_, index) => index), text: 'a'.repeat(1000) }) }
const list = 'json(record.meta).list'
/** Each variable holds the value of the one before it twice. */
const doubled = (seed: string, times: number, then: (last: string) => string) =>
  [...Array(times).keys()].reduceRight((inner, at) => `cel.bind(v${at}, ${at === 0 ? seed : `[v${at - 1}, v${at - 1}]`}, ${inner})`, then(`v${times - 1}`))

describe('a rule that would take forever', () => {
  it.each([
    ['loops over a list three times', `${list}.all(x, ${list}.all(y, ${list}.all(z, x + y + z >= 0.0)))`],
    ['hides it behind what is true anyway', `${list}.all(x, !${list}.exists(y, x == y + 1000000.0)) || true`],
    ['makes lists of lists', `size(${list}.map(x, ${list}.map(y, ${list}.map(z, x)))) > 0`],
    ['doubles a value with each word and compares it', doubled('[1]', 40, (last) => `${last} == ${last} + []`)],
    ['doubles a text with each word', doubled('record.text', 1, () => `(${'record.text + '.repeat(100)}record.text).contains("y")`)],
    ['adds up a list', `${list}.map(x, ${list} + ${list}).all(l, size(l) > 0)`],
    ['searches a long text for a long text', 'record.text.contains(record.text.substring(1, 500000) + "y")'],
    ['reads a duration of a megabyte', 'duration(record.text) > duration("1s")'],
    ['matches a long text with a large expression', 'record.text.matches("(a?){500}(x|y){500}$")'],
    ['splits a long text at a long text', 'size((record.text + record.text).split(record.text.substring(1, 500000) + "y")) > 0'],
    ['joins a list with a long text', `size(${list}.map(x, "a").join(record.text)) > 0`],
    ['asks of each of many whether all of many', 'cel.bind(l, record.text.split(""), l.all(x, l.all(y, y == "x")))'],
    ['keeps a value of JSON for each item of a list', `size(${list}.map(x, json(record.meta))) > 0`],
    ['splits a text for each item of a list', `${list}.all(x, size(record.text.split("")) > 0)`],
    ['reads a zone for each item of a list', `(${list} + ${list}).all(x, timestamp("2024-01-01T00:00:00Z").getHours("Europe/Berlin") >= 0)`],
    ['looks at the whole record for each item of a list', `${list}.all(x, ${list}.all(y, size(record) > 0))`],
  ])('fails the record with a code of its own: it %s', (_, expression) => {
    expect(rule(expression)?.check(big)).toMatchObject({ code: 'cost.r', message: expect.stringContaining('cost more') })
  })

  it('does not fail the records after it, nor itself on a small record', () => {
    const checked = rule(`${list}.all(x, ${list}.all(y, ${list}.all(z, x >= 0.0)))`)
    expect(checked?.check(big)).toMatchObject({ code: 'cost.r' })
    expect(checked?.check({ ...record, meta: '{"list": [1, 2]}' })).toBeUndefined()
    expect(checked?.check({ ...record, meta: '{"list": [1, -2]}' })).toMatchObject({ code: 'rule.r' })
  })

  it('shares the cost limit of a record with the other rules', () => {
    const expression = `${list}.all(x, ${list}.filter(y, x == y).size() == 1 || true)`
    const small = { ...record, meta: JSON.stringify({ list: Array(500).fill(1) }) }
    const rules = compileRules({ fields, rules: [...'abc'].map((name) => ({ name, expression })) })
    expect(rules.map((one) => one.check(small)?.code)).toEqual([undefined, 'cost.b', 'cost.c'])
    expect(rules.map((one) => one.check(small)?.code)).toEqual([undefined, 'cost.b', 'cost.c'])
  })
})

it.each([
  ['a megabyte of text', 'record.text.matches("^x+$") && record.text.contains("x") && size(record.text) > 5 && record.text != "x"'],
  ['a list of thousands', `${list}.all(x, x >= 0.0) && ${list}.exists(x, x == 5.0) && size(${list}.filter(x, x < 9.0)) == 9`],
  ['a backtracking expression', '!record.text.matches("^([a-zA-Z0-9]+)*@x[.]de$")'],
])('An honest rule over %s costs little enough', (_, expression) => {
  expect(rule(expression)?.check(big)).toBeUndefined()
})

it('matches() has the syntax of RE2, even if the record contains the expression', () => {
  expect(rule('"a\\nb".matches("^a\\\\x{0a}b$")')?.check(record)).toBeUndefined()
  expect(rule('"xABCx".matches("(?i)" + record.text)')?.check(record)).toBeUndefined()
})

it.each(['bool(record.text)', 'micros(instant(record.text)) > 0'])('%s truncates a value that cannot be evaluated', (expression) => {
  expect(rule(expression)?.check(big)?.message.length).toBeLessThan(1000)
})

it('does not quote a sensitive field when it cannot be evaluated', () => {
  const secret = compileRules({
    fields: [...fields, { name: 'secret', type: 'text', sensitive: true }],
    rules: [
      'micros(instant(record.secret)) > 0',
      'json(record.secret).a == 1.0',
      'int(record.secret) > 1',
      'bool(record.secret)',
      'record.text.matches(record.secret)',
      'duration(record.secret) > duration("1s")',
      'json(record.meta)[record.secret] == 1.0',
      '{"a": 1}[record.secret] == 1',
    ].map((expression, at) => ({ name: `r${at}`, expression, message: 'is broken' })),
  })
  for (const one of secret) {
    const problem = one.check({ ...record, secret: '(canary' })
    expect(problem).toMatchObject({ code: `rule.${one.name}` })
    expect(problem?.message).not.toContain('canary')
  }
})
