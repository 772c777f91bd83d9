import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readJson, valuesOfJson } from '../../../test/support/json.ts'
import type { SourceField } from '../format.ts'

const declared: SourceField[] = [
  { name: 'id', type: 'integer' },
  { name: 'amount', type: 'decimal' },
  { name: 'name', type: 'text' },
  { name: 'more', type: 'json' },
]

describe('a record', () => {
  test.each<[what: string, line: string, expected: unknown]>([
    ['of strings, numbers, words and null', '{"id": 1, "name": "a", "ok": true, "none": null}', { id: 1, name: 'a', ok: true, none: null }],
    ['with a number that a double cannot hold', '{"id": 12345678901234567890}', { id: 12345678901234567890n }],
    ['with the first whole number that a double may have rounded', '{"id": 9007199254740992}', { id: 9007199254740992n }],
    ['with a decimal in its own digits', '{"amount": 1.10, "name": 1e2}', { amount: '1.10', name: '1e2' }],
    ['with an escape', '{"name": "a\\n\\u00e9\\ud83d\\ude00"}', { name: 'a\né😀' }],
    ['with half of a surrogate pair, which the field then rejects', '{"name": "\\ud800"}', { name: '\ud800' }],
    ['with an escaped name', '{"n\\u0061me": "a"}', { name: 'a' }],
    ['with JSON in its own text', '{"more": {"b": 1.0 , "b": 2}}', { more: '{"b": 1.0 , "b": 2}' }],
    ['with a string in a field of type json', '{"more": "x"}', { more: '"x"' }],
    ['with a nested value of a field that is not declared', '{"other": {"b": [1]}}', { other: { b: [1] } }],
    ['with a member __proto__', '{"__proto__": 1, "id": 2}', JSON.parse('{"__proto__": 1, "id": 2}')],
    ['with a member twice, of which the last counts', '{"id": 1, "id": 2}', { id: 2 }],
    ['without members', '{}', {}],
    ['that is no object', '[1]', 'json.notObject'],
    ['that is a text', '"x"', 'json.notObject'],
    ['that is cut off', '{"id": 1', 'json.malformed'],
    ['with a comma too many', '{"id": 1,}', 'json.malformed'],
    ['with something behind it', '{"id": 1} x', 'json.malformed'],
    ['with a leading zero', '{"id": 01}', 'json.malformed'],
    ['with a tab in a string', '{"name": "a\tb"}', 'json.malformed'],
    ['with single quotes', "{'id': 1}", 'json.malformed'],
    ['with NaN', '{"id": NaN}', 'json.malformed'],
    ['nested too deep', `{"more": ${'['.repeat(501)}${']'.repeat(501)}}`, 'json.depth'],
    ['nested 100,000 deep', `{"more": ${'['.repeat(100_000)}`, 'json.depth'],
    ['with too many members', `{${Array.from({ length: 10_001 }, (_, index) => `"m${index}": 1`).join()}}`, 'json.members'],
    ['with a NUL byte', '{"name": "\0"}', 'json.malformed'],
  ])('%s', async (_what, line, expected) => {
    expect(await valuesOfJson(`${line}\n{"id": 7}\n`, { declared })).toEqual([expected, { id: 7 }])
  })

  test('with bytes that are not UTF-8 is rejected with its bytes', async () => {
    const { records } = await readJson(Buffer.from('{"name": "\xff"}\n{"id": 1}\n', 'latin1'), { declared })
    expect(records).toMatchObject([{ problem: 'encoding.invalid', raw: '{"name": "\xff"}' }, { record: { id: 1 } }])
  })

  test('longer than allowed keeps its beginning', async () => {
    const long = `{"name": "${'x'.repeat(5000)}"}`
    for (const blockBytes of [64, 1 << 18]) {
      const { records } = await readJson(`${long}\n{"id": 1}\n`, { declared, config: { maxRecordBytes: 1024 }, blockBytes })
      expect(records).toMatchObject([{ problem: 'json.tooLong', raw: long.slice(0, 1025) }, { record: { id: 1 } }])
    }
  })

  test('warns of a member that occurs twice', async () => {
    expect((await readJson('{"id": 1, "x": 1, "x": 2}\n{"x": 1}', { declared })).records.map(({ warning }) => warning)).toEqual(['json.duplicate', undefined])
  })

  test('is read from its cells if these say all of it, with escapes and whatever the order of members', async () => {
    const lines = ['{"id":1,"name":"a"}', '{"name":"b\\n","id":2}', '{"id":3,"more":[1]}', '{"new":{"x":1},"id":4}', '{"name":{"x":1}}', '{"id":1,"id":2}']
    expect((await readJson(lines.join('\n'), { declared })).records.map(({ plain }) => plain)).toEqual([true, true, true, true, false, false])
  })

  test('adds the fields that nobody declared to those that were observed', async () => {
    expect((await readJson('{"id":1,"x":null}\n{"y":2,"x":3}', { declared })).fields).toEqual(['id', 'amount', 'name', 'more', 'y', 'x'])
  })
})

test.each<[line: string, expected: unknown]>([
  ['{"a": {"b": 1, "c": {"d": "x"}}}', { a_b: 1, a_c_d: 'x' }],
  ['{"a": {"b": 1}, "a": {"e": 2}}', { a_e: 2 }],
  ['{"more": {"b": 1}, "a": null}', { more: '{"b": 1}', a: null }],
  ['{"a": {}, "b": []}', { b: [] }],
])('Flattened, %s has its members by their path', async (line, expected) => {
  expect(await valuesOfJson(line, { config: { flatten: '_' }, declared: [...declared, { name: 'a_b', type: 'integer' }] })).toEqual([expected])
})

/** JSON text with blanks, escapes and numbers in forms that JSON.stringify does not write. */
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 3 }, tie('scalar'), tie('list'), tie('object')),
  scalar: fc.oneof(
    fc.constantFrom('true', 'false', 'null', '0', '-0', '1.50', '1e5', '12345678901234567890', '"\\u0041"', '"\\\\"', '01', '.5', 'nul', '"\u0001"', '+1'),
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  ),
  list: fc.array(tie('any') as fc.Arbitrary<string>, { maxLength: 3 }).map((items) => `[ ${items.join(' ,')}]`),
  object: fc
    .array(fc.tuple(fc.constantFrom('"id"', '"name"', '"more"', '"x"', '"n\\u0061me"', '"é"'), tie('any') as fc.Arbitrary<string>), { maxLength: 4 })
    .map((members) => `{${members.map(([name, item]) => `${name} :${item}`).join(', ')} }`),
}))

test('A line is accepted if and only if JSON.parse reads an object from it, and has the same values', async () => {
  const line = fc.oneof(value.object, value.object, value.any) as fc.Arbitrary<string>
  const mutated = fc.oneof(
    { weight: 3, arbitrary: line },
    fc.tuple(line, fc.nat(), fc.constantFrom('', ',', '"', '}', '\\', ' ', 'a')).map(([text, at, piece]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + piece + text.slice(place + 1)
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(mutated, { minLength: 1, maxLength: 5 }), async (lines) => {
      const texts = lines.map((text) => text.toWellFormed()).filter((text) => text.trim() !== '')
      const { records } = await readJson(texts.join('\n'), { declared, blockBytes: 64 })
      expect(records.map(({ problem }) => problem === undefined)).toEqual(texts.map(isObject))
      for (const [index, { record }] of records.entries()) {
        if (record === undefined) continue
        const parsed = JSON.parse(texts[index] as string) as Record<string, unknown>
        expect(Object.keys(record).toSorted()).toEqual(Object.keys(parsed).toSorted())
        if (typeof parsed.name === 'number') expect(Number(record.name)).toBe(parsed.name)
        else if (typeof parsed.name !== 'object') expect(record.name).toEqual(parsed.name)
        if (parsed.more !== undefined && parsed.more !== null) expect(JSON.parse(record.more as string)).toEqual(parsed.more)
      }
    }),
    { numRuns: 2000 },
  )
})

function isObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
  } catch {
    return false
  }
}
