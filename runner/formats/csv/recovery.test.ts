// What happens to records that are too long, too wide or malformed in bulk: always found, always bounded.
import { expect, test } from 'vitest'
import { contentOf, readCsv } from '../../../test/support/csv.ts'
import { CsvFormat } from './format.ts'

test('a record longer than allowed is kept by its beginning, and the next line is read', async () => {
  const { records } = await readCsv(`a,b\n1,2\n${'x'.repeat(5000)}\n3,4\n"${'y'.repeat(5000)}",5\n6,7\n`, { maxRecordBytes: 1024 }, { blockBytes: 100 })
  expect(records.map(({ problem }) => problem)).toEqual([undefined, 'csv.tooLong', undefined, 'csv.tooLong', undefined])
  expect(records[1]?.raw).toBe('x'.repeat(1025))
  expect(records[4]?.record).toEqual({ a: '6', b: '7' })
})

test('a quote that is never closed costs its own line, even where the end is far', async () => {
  const lines = Array.from({ length: 5000 }, (_, row) => `${row},value ${row}\n`).join('')
  const { records } = await readCsv(`a,b\n1,"2\n${lines}`, { maxRecordBytes: 1024 })
  expect(records).toHaveLength(5001)
  expect(records[0]).toMatchObject({ problem: 'csv.unterminated', raw: '1,"2' })
  expect(records.slice(1).every(({ problem }) => problem === undefined)).toBe(true)
})

test('rows of thousands of cells are told from the header, not written over each other', async () => {
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
    for await (const batch of new CsvFormat({}, []).read(contentOf(bytes, 1 << 20), { start: 0, end: null }, undefined, 50_000)) rows += batch.size
    expect(rows).toBeGreaterThan(100_000)
  }
})

test('runs of blank lines are passed over', async () => {
  const { records } = await readCsv(`a,b\n${'\n'.repeat(3_000_000)}1,2\n`)
  expect(records.map(({ record }) => record)).toEqual([{ a: '1', b: '2' }])
})
