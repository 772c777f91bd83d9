import { expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { readCsv, valuesOf } from '../../../test/support/csv.ts'

const auto: CsvConfig = { delimiter: 'auto' }

test.each([
  [
    'a,b\n1,2\n3,4\n',
    auto,
    [
      ['1', '2'],
      ['3', '4'],
    ],
  ],
  [
    'a;b\n1,5;2,5\n3,0;4\n',
    auto,
    [
      ['1,5', '2,5'],
      ['3,0', '4'],
    ],
  ],
  ['a\tb c\n1\t2 3\n', auto, [['1', '2 3']]],
  [
    'a|b\n"1|2"|3\n4|5\n',
    auto,
    [
      ['1|2', '3'],
      ['4', '5'],
    ],
  ],
  [
    "a,b\n'1,2',3\n'4',5\n",
    auto,
    [
      ['1,2', '3'],
      ['4', '5'],
    ],
  ],
  [
    'name:time\nx:"10:30"\ny:"11:45"\n',
    auto,
    [
      ['x', '10:30'],
      ['y', '11:45'],
    ],
  ],
  [
    'first last\nAda Lovelace\nAlan Turing\n',
    auto,
    [
      ['Ada', 'Lovelace'],
      ['Alan', 'Turing'],
    ],
  ],
  ['made by; hand\na~b\n1~2\n', { ...auto, skipLines: 1 }, [['1', '2']]],
  ['a^b\n1^2\n', { ...auto, encoding: 'utf-16le' }, [['1', '2']]],
])('finds the delimiter and the quote of %j', async (input, config, values) => {
  expect(await valuesOf(config.encoding === undefined ? input : Buffer.from(input, 'utf16le'), config)).toEqual(values)
})

test('reports that nothing is consistent', async () => {
  await expect(readCsv('word\nanother\nthird\n', auto)).rejects.toMatchObject({
    code: 'InvalidConfig',
    message: expect.stringMatching(/auto finds no delimiter in feed\.csv/),
  })
})
