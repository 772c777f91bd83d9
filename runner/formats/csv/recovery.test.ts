// What happens to records that are too long, too wide or malformed in bulk: always found, always bounded.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { sampleRun } from '../../../sdk/conformance/check.ts'
import { contentOf, type ReadOptions, readCsv } from '../../../test/support/csv.ts'
import { CsvFormat } from './format.ts'

test('a record longer than allowed is quarantined with its beginning, and reading continues at the next line', async () => {
  const { records } = await readCsv(`a,b\n1,2\n${'x'.repeat(5000)}\n3,4\n"${'y'.repeat(5000)}",5\n6,7\n`, { maxRecordBytes: 1024 }, { blockBytes: 100 })
  expect(records.map(({ problem }) => problem)).toEqual([undefined, 'csv.tooLong', undefined, 'csv.tooLong', undefined])
  expect(records[1]?.raw).toBe('x'.repeat(1025))
  expect(records[4]?.record).toEqual({ a: '6', b: '7' })
})

test('an unclosed quote costs its own line only, even far from the end of the file', async () => {
  const lines = Array.from({ length: 5000 }, (_, row) => `${row},value ${row}\n`).join('')
  const { records } = await readCsv(`a,b\n1,"2\n${lines}`, { maxRecordBytes: 1024 })
  expect(records).toHaveLength(5001)
  expect(records[0]).toMatchObject({ problem: 'csv.unterminated', raw: '1,"2' })
  expect(records.slice(1).every(({ problem }) => problem === undefined)).toBe(true)
})

test('rows of thousands of cells are distinguished from the header, and do not overwrite each other', async () => {
  const { records } = await readCsv(`a,b\n${'1,'.repeat(5000)}\n1,2\n`)
  expect(records.map(({ problem }) => problem)).toEqual(['csv.columns', undefined])
})

test('wide headers with short rows stay in bounded memory', async () => {
  const header = Array.from({ length: 1600 }, (_, column) => `c${column}`).join(',')
  const { records } = await readCsv(`${header}\n${'1\n'.repeat(20_000)}`)
  expect(records).toHaveLength(20_000)
  expect(records.every(({ problem }) => problem === 'csv.columns')).toBe(true)
})

test('thousands of stray quotes are read in about the time of the bytes', async () => {
  const tricky = ['1,"2\n3,4\n', '1,""x\n', '"\n', '1,"2"x\n', '""",\n']
  for (const line of tricky) {
    const bytes = Buffer.from(`a,b\n${line.repeat(Math.ceil(3_000_000 / line.length))}`)
    let rows = 0
    for await (const batch of new CsvFormat({}, []).read(contentOf(bytes, 1 << 20), { start: 0, end: null }, undefined, sampleRun({ batchSize: 50_000 })))
      rows += batch.size
    expect(rows).toBeGreaterThan(100_000)
  }
})

test('runs of blank lines are skipped', async () => {
  const { records } = await readCsv(`a,b\n${'\n'.repeat(3_000_000)}1,2\n`)
  expect(records.map(({ record }) => record)).toEqual([{ a: '1', b: '2' }])
})

/** Each record's values, or its problem and raw bytes. */
async function framed(input: string, config: CsvConfig = {}, options: ReadOptions = {}): Promise<unknown[]> {
  const { records } = await readCsv(input, config, options)
  return records.map(({ problem, raw, record }) => (problem === undefined ? Object.values(record ?? {}).join('|') : [problem, raw]))
}

const lost = (...lines: string[]) => lines.map((raw) => ['csv.lost', raw])

describe('reading continues', () => {
  test.each<[what: string, lines: string, expected: unknown[]]>([
    ['at the next line if the stray quote opens a field', '1,"b\n2,c\n3,"d"\n', [['csv.unterminated', '1,"b'], '2|c', '3|d']],
    ['at the next line if a lone quote is the last field', '1,"\n2,"c"\n3,d\n', [['csv.unterminated', '1,"'], '2|c', '3|d']],
    ['at the next line if a closing quote is missing', '"1","b\n"2","c"\n', [['csv.unterminated', '"1","b'], '2|c']],
    ['at the next line if a closing quote is doubled', '"1","b""\n"2","c"\n', [['csv.unterminated', '"1","b""'], '2|c']],
    ['at the next line behind a quote inside of a value', '1,b"c\n2,c\n', [['csv.quote', '1,b"c'], '2|c']],
    ['behind a sound value of several lines in a malformed record, which is one record', '1"x,"b\nc\nd"\n2,c\n', [['csv.quote', '1"x,"b\nc\nd"'], '2|c']],
    [
      'behind a sound value of several lines, none of which is read though they look like records',
      '1"x,"b\n7,x\n8,y"\n2,c\n',
      [['csv.quote', '1"x,"b'], ...lost('7,x', '8,y"'), '2|c'],
    ],
    ['behind such a value in a record with a field too many', '1,"b\n7,x\n",z\n2,c\n', [['csv.unterminated', '1,"b'], ...lost('7,x', '",z'), '2|c']],
    ['behind each of several such values', '1"x,"b\n7,x\n","b\n8,y\n"\n2,c\n', [['csv.quote', '1"x,"b'], ...lost('7,x', '","b', '8,y', '"'), '2|c']],
    ['behind a record of one line with a field too many', '1,b,c\n2,c\n', [['csv.columns', '1,b,c'], '2|c']],
    ['behind a record of several lines with a field too many', '1,"b\nc",d\n2,c\n', [['csv.columns', '1,"b\nc",d'], '2|c']],
  ])('%s', async (_what, lines, expected) => {
    for (const blockBytes of [1, 7, 1 << 16]) expect(await framed(`x,y\n${lines}`, {}, { blockBytes })).toEqual(expected)
  })

  test('by the same rule in other dialects', async () => {
    expect(await framed(`x;y\n1;'b\n2;'c'\n`, { delimiter: ';', quote: "'" })).toEqual([['csv.unterminated', `1;'b`], '2|c'])
    const spaced = await framed('x,y\n1, "b\n7,x\n" ,z\n2, "c"\n', { trim: true })
    expect(spaced).toEqual([['csv.unterminated', '1, "b'], ...lost('7,x', '" ,z'), '2|c'])
    const escaped = await framed('x,y\n1,"b\\"\n7,x\n",z\n2,c\n', { escape: '\\' })
    expect(escaped).toEqual([['csv.unterminated', '1,"b\\"'], ...lost('7,x', '",z'), '2|c'])
  })
})

describe('a valid value longer than allowed', () => {
  const smuggled = Array.from({ length: 200 }, (_, row) => `${row},smuggled\n`).join('')
  const long = `1,"${smuggled}"`
  const config = { maxRecordBytes: 1024 }

  test.each([50, 1 << 12, 1 << 16])('is one rejected record, in blocks of %i bytes', async (blockBytes) => {
    for (const [mark, quote] of [
      ['"', '""'],
      ['\\', '\\"'],
    ] as const) {
      const record = long.replace('smuggled', quote)
      const found = await framed(`x,y\n0,a\n${record}\n2,b\n`, { ...config, escape: mark }, { blockBytes, chunkBytes: 300 })
      expect(found).toEqual(['0|a', ['csv.tooLong', record.slice(0, 1025)], '2|b'])
    }
  })

  test('is reported with its length and hash', async () => {
    const content = contentOf(Buffer.from(`x,y\n${long}\n`))
    for await (const batch of new CsvFormat(config, []).read(content, { start: 0, end: null }, undefined, sampleRun({ batchSize: 10 }))) {
      const digest = createHash('sha256').update(long).digest('hex')
      expect(batch.problem(0)?.message).toContain(`has ${long.length} bytes (SHA-256 ${digest})`)
    }
  })

  test('that is also malformed costs its first line and the lines that may be inside its value', async () => {
    expect(await framed(`x,y\n1,"${smuggled}"z\n2,b\n`, config)).toHaveLength(202)
    const { records } = await readCsv(`x,y\n1"z,"${smuggled}"\n2,b\n`, config)
    expect(records.map(({ problem }) => problem)).toEqual(['csv.quote', ...Array.from({ length: 200 }, () => 'csv.lost'), undefined])
  })

  test('is one record in a packed file as well', async () => {
    const { records } = await readCsv(gzipSync(`x,y\n0,a\n${long}\n2,b\n`), config, { blockBytes: 64 })
    expect(records.map(({ problem }) => problem)).toEqual([undefined, 'csv.tooLong', undefined])
  })
})

test('csv.quote names the field', async () => {
  const input = 'id,name,x\n1,5" pipe,z\n2,"a"b,z\n3,a,"z"z\n"4"4,a,z\n'
  const messages: string[] = []
  for await (const batch of new CsvFormat({}, []).read(contentOf(Buffer.from(input)), { start: 0, end: null }, undefined, sampleRun({ batchSize: 10 }))) {
    for (let index = 0; index < batch.size; index++) messages.push(batch.problem(index)?.message ?? '')
  }
  expect(messages.map((message) => /field \d \(\w+\)/.exec(message)?.[0])).toEqual(['field 2 (name)', 'field 2 (name)', 'field 3 (x)', 'field 1 (id)'])
})
