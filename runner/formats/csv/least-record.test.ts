import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { planCsv, readCsv } from '../../../test/support/csv.ts'

async function least(input: string | Buffer, config: CsvConfig = {}, declared: string[] = []): Promise<number | undefined> {
  return (await planCsv(input, config, { declared })).leastRecordBytes
}

test.each<[what: string, least: number | undefined, input: string | Buffer, config?: CsvConfig]>([
  ['a delimiter between fields and a line end', 4, 'a,b,c,d\n'],
  ['a byte and a line end in a single column, for a blank line is no record', 2, 'a\n'],
  ['longer delimiters', 5, 'a||b||c\n', { delimiter: '||' }],
  ['a delimiter that was found out', 3, 'a;b;c\n1;2;3\n', { delimiter: 'auto' }],
  ['short records that are padded', 2, 'a,b,c,d\n', { ragged: 'pad' }],
  ['records of any width', 2, 'a,b,c,d\n', { ragged: 'adapt' }],
  ['long records that are cut', 4, 'a,b,c,d\n', { ragged: 'truncate' }],
  ['an encoding that is framed as it is', 3, 'a,b,c\n', { encoding: 'latin1' }],
  ['a delimiter of two bytes', 5, 'a§b§c\n', { delimiter: '§' }],
  ['an encoding whose bytes are not those that are framed', undefined, Buffer.from('a,b,c\n', 'utf16le'), { encoding: 'utf-16le' }],
  ['no bytes at all', 2, ''],
])('the smallest record: %s', async (_, expected, input, config) => {
  expect(await least(input, config)).toBe(expected)
})

const pieces = (maxLength: number) =>
  fc.array(fc.constantFrom('a', ',', ',', ';', '"', '\n', '\n', '\r', '\r\n', ' ', '#', '|', '\t', 'é'), { maxLength }).map((texts) => texts.join(''))
/** The same few bytes again and again give as many records as there can be. */
const text = fc.tuple(pieces(20), pieces(5), fc.nat({ max: 20 }), pieces(5)).map(([first, piece, times, last]) => first + piece.repeat(times) + last)
const config: fc.Arbitrary<CsvConfig> = fc.record(
  {
    delimiter: fc.constantFrom(',', ';', ',,', '\t', ', '),
    quote: fc.constantFrom('"', '', 'a'),
    escape: fc.constantFrom('"', '#', ''),
    comment: fc.constantFrom('#', 'a'),
    recordDelimiter: fc.constantFrom('|', '||', '\n'),
    ragged: fc.constantFrom('reject', 'pad', 'truncate', 'adapt'),
    trim: fc.boolean(),
    skipLines: fc.nat({ max: 1 }),
    skipFooterLines: fc.nat({ max: 1 }),
  },
  { requiredKeys: [] },
)

test('No input holds more accepted records than its bytes allow', async () => {
  await fc.assert(
    fc.asyncProperty(text, config, fc.integer({ min: 1, max: 4 }), async (input, settings, width) => {
      const declared = Array.from({ length: width }, (_, column) => `c${column}`)
      const how = { header: false, ...settings }
      const smallest = await least(input, how, declared).catch(() => undefined)
      // Contradictory settings are refused.
      fc.pre(smallest !== undefined)
      const { records } = await readCsv(input, how, { declared })
      const accepted = records.filter(({ problem }) => problem === undefined).length
      expect(accepted).toBeLessThanOrEqual(Math.floor(Buffer.byteLength(input) / (smallest as number)) + 1)
    }),
    { numRuns: 2000 },
  )
})
