import { describe, expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { readCsv } from '../../../test/support/csv.ts'

describe('the header', () => {
  test.each([
    ['is the first line', {}, 'a,"b ""x""", c \n1,2,3\n', ['a', 'b "x"', 'c']],
    ['may consist of several lines, joined column by column', { header: 2 }, 'Sales,Sales,\n2023,2024,Note\n1,2,3\n', ['Sales 2023', 'Sales 2024', 'Note']],
    ['is found behind a byte order mark and skipped lines', { skipLines: 1 }, '\ufefftitle\na,b,c\n1,2,3\n', ['a', 'b', 'c']],
    ['is found behind comments and blank lines', { comment: '//' }, '\n// x\na,b,c\n1,2,3\n', ['a', 'b', 'c']],
    ['with a stray quote swallows no data', {}, 'a,"b,c\n1,2,3\n', ['a', 'b', 'c']],
    ['may end with CR', {}, 'a,b,c\r1,2,3\r', ['a', 'b', 'c']],
    ['may name things that objects have', {}, '__proto__,constructor,1\n1,2,3\n', ['__proto__', 'constructor', '1']],
  ] as [string, CsvConfig, string, string[]][])('%s', async (_what, config, input, fields) => {
    for (const chunkBytes of [1, 1 << 16]) {
      const reading = await readCsv(input, config, { chunkBytes })
      expect(reading.fields).toEqual(fields)
      expect(reading.records.map(({ record }) => fields.map((field) => Object.getOwnPropertyDescriptor(record, field)?.value))).toEqual([['1', '2', '3']])
    }
  })

  test('that is repeated in the middle of a file is not a record, even if its words are valid values', async () => {
    const { records, plain } = await readCsv('a,b\n1,2\na,b\nb,a\n3,4\n', {}, { blockBytes: 8 })
    expect(records.map(({ problem }) => problem)).toEqual([undefined, 'csv.header', undefined, undefined])
    expect(records[1]?.raw).toBe('a,b')
    expect(plain).toBe(3)
  })

  test.each([
    ['quoted in another way', {}, 'a,b\n1,2\n"a","b"\n3,4\n', '"a","b"'],
    ['behind a byte order mark', {}, '\ufeffa,b\r\n1,2\r\n\ufeffa,b\r\n3,4\r\n', '\xef\xbb\xbfa,b'],
    ['behind a byte order mark, in quotes', {}, 'a,b\n1,2\n\ufeff"a",b\n3,4\n', '\xef\xbb\xbf"a",b'],
    ['with spaces around its names', {}, 'a,b\n1,2\n a,b \n3,4\n', ' a,b '],
    ['with spaces around its quotes', { trim: true }, '"a", "b"\n1,2\na, "b"\n3,4\n', 'a, "b"'],
    ['with a no-break space', {}, 'a,b\n1,2\na\u00a0,b\n3,4\n', 'a\xc2\xa0,b'],
    ['with names in quotes of their own', {}, '"a ""x""",b\n1,2\n"a ""x""","b"\n3,4\n', '"a ""x""","b"'],
    ['as one of two lines', { header: 2 }, 'a,b\nx,y\n1,2\nx,"y"\n3,4\n', 'x,"y"'],
    ['with its delimiter sniffed', { delimiter: 'auto' }, 'a;b\n1;2\n"a";b\n3;4\n', '"a";b'],
  ] as [string, CsvConfig, string, string][])('that stands again %s is no record', async (_what, config, input, raw) => {
    for (const blockBytes of [8, 1 << 16]) {
      const { records } = await readCsv(input, config, { blockBytes })
      expect(records.map(({ problem }) => problem)).toEqual([undefined, 'csv.header', undefined])
      expect(records[1]?.raw).toBe(raw)
    }
  })

  test.each(['a,c\n', 'aa,b\n', 'a,bb\n', 'a b,b\n', 'A,B\n', '"a,b",\n'])('differs from a record like %j', async (line) => {
    const { records } = await readCsv(`a,b\n${line}`)
    expect(records.map(({ problem }) => problem)).toEqual([undefined])
  })

  test('of two lines is not matched against a line without names', async () => {
    const { records } = await readCsv('a,b\n,\n,\n1,2\n', { header: 2, quote: '' })
    expect(records).toHaveLength(2)
    expect(records.map(({ problem }) => problem)).toEqual([undefined, undefined])
  })

  test('may be missing in an empty input', async () => {
    for (const config of [{}, { delimiter: 'auto' }, { header: 2, skipLines: 3 }]) expect((await readCsv('', config)).records).toEqual([])
  })

  test('of one column may also be a value', async () => {
    const { records } = await readCsv('name\nname\n')
    expect(records.map(({ record }) => record)).toEqual([{ name: 'name' }])
  })

  test('may have line ends in quoted names, if such names are declared', async () => {
    const input = '"Order\nNo","Customer\r\nName",Total\n1,Ann,5\n2,Bob,6\n'
    const { fields, records } = await readCsv(input, {}, { declared: ['Order\nNo', 'Customer\r\nName', 'Total'], chunkBytes: 5 })
    expect(fields).toEqual(['Order\nNo', 'Customer\r\nName', 'Total'])
    expect(records.map(({ problem }) => problem)).toEqual([undefined, undefined])
    const stray = await readCsv('a,"b\n1,2\n3,4",5\n', {}, { declared: ['a', 'b'] })
    expect(stray.fields).toEqual(['a', 'b'])
    const undecodable = await readCsv(Buffer.from('a,"b\n1,2\n\xff,2\n3,4"\n5,6\n', 'latin1'), {}, { declared: ['a', 'b'] })
    expect(undecodable.fields).toEqual(['a', 'b'])
  })

  test('is optional: without it the declared fields name the columns', async () => {
    expect((await readCsv('1,2\n', { header: false }, { declared: ['x', 'y'] })).fields).toEqual(['x', 'y'])
  })

  test.each([
    ['a,b,a\n', {}, /columns 1 and 3 the same name/],
    ['a,,c\n', {}, /names no column 2/],
    ['\ufeff\n', {}, /has no header line/],
    ['a,b\n', { header: 2 }, /1 header lines instead of 2/],
    [`${Array.from({ length: 1601 }, (_, index) => `c${index}`).join(',')}\n`, {}, /1601 columns.*at most 1600/],
    [`${','.repeat(9000)}\n`, {}, /more than 8,000 columns/],
    [Buffer.from('a,\xff\n', 'latin1'), {}, /not utf8; set format\.csv\.encoding/],
    [Buffer.alloc(70 << 20, 'x'), {}, /longer than 64 MiB/],
  ] as [string | Buffer, CsvConfig, RegExp][])('is refused if it cannot name the columns (%#)', async (input, config, message) => {
    await expect(readCsv(input, config)).rejects.toMatchObject({ code: 'InvalidHeader', message: expect.stringMatching(message) })
  })
})
