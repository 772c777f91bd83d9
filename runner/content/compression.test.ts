import { randomBytes } from 'node:crypto'
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../crds/pipeline.ts'
import { sampleRun } from '../../sdk/conformance/check.ts'
import { contentOf, planCsv, readCsv } from '../../test/support/csv.ts'
import { CsvFormat } from '../formats/csv/format.ts'

const rows = 20_000
const text = `a,b\n${Array.from({ length: rows }, (_, row) => `${row},${(row * 7919) % 104_729}\n`).join('')}`
const halves = [Buffer.from(text.slice(0, 50_000)), Buffer.from(text.slice(50_000))] as const
// zstd writes a checksum only if it is asked to.
const packers = { gzip: gzipSync, zstd: (data: Buffer) => zstdCompressSync(data, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }) }

describe.each(['gzip', 'zstd'] as const)('%s', (compression) => {
  const pack = packers[compression] as (data: Buffer) => Buffer
  const packed = pack(Buffer.from(text))
  const damaged: [string, Buffer][] = [
    ['is cut off in its trailer', packed.subarray(0, packed.length - 3)],
    ['is cut off in the middle', packed.subarray(0, packed.length >> 1)],
    ['is cut off in its second part', Buffer.concat([pack(halves[0]), pack(halves[1]).subarray(0, 200)])],
    ['is followed by something else', Buffer.concat([packed, Buffer.from('hello world')])],
    ['is followed by zeros', Buffer.concat([packed, Buffer.alloc(512)])],
    ['has a wrong byte', Buffer.from(packed.map((byte, index) => (index === packed.length - 6 ? byte ^ 1 : byte)))],
  ]

  test('is recognised by its first bytes and decompressed', async () => {
    expect((await readCsv(packed)).records).toHaveLength(rows)
  })

  test('may have several members', async () => {
    const { records } = await readCsv(Buffer.concat([pack(halves[0]), pack(halves[1])]), {}, { chunkBytes: 100 })
    expect(records).toEqual((await readCsv(text)).records)
  })

  test.each(damaged)('is refused if it %s', async (_what, bytes) => {
    const reading = readCsv(bytes, { compression }, { chunkBytes: 1000 })
    await expect(reading).rejects.toMatchObject({ code: 'SourceCorrupt', message: expect.stringMatching(/feed\.csv.*after \d+ decompressed bytes/) })
  })

  test('yields the records before the damage', async () => {
    const format = new CsvFormat({}, [])
    let records = 0
    const read = async (): Promise<void> => {
      for await (const batch of format.read(contentOf(packed.subarray(0, packed.length - 2000), 500), { start: 0, end: null }, undefined, sampleRun()))
        records += batch.size
    }
    await expect(read()).rejects.toMatchObject({ code: 'SourceCorrupt' })
    expect(records).toBeGreaterThan(rows / 10)
    expect(records).toBeLessThan(rows)
  })

  test('resumes at a position in the decompressed bytes, and is never split', async () => {
    const { records, positions } = await readCsv(packed, {}, { blockBytes: 50_000 })
    const from = positions[1] as number
    expect((await readCsv(packed, {}, { from })).records).toEqual(records.filter(({ order }) => order >= from))
    expect((await planCsv(packed, {}, { targetBytes: 1000 })).ranges).toEqual([{ start: 0, end: null }])
  })
})

test('a file that is not compressed as declared is refused', async () => {
  for (const compression of ['gzip', 'zstd'] satisfies CsvConfig['compression'][]) {
    await expect(readCsv(text, { compression })).rejects.toMatchObject({ code: 'SourceCorrupt' })
  }
})

test('a small file that unpacks to a huge line is read in bounded memory', async () => {
  const bomb = Buffer.concat([gzipSync('a,b\n'), ...Array.from({ length: 100 }, () => gzipSync(Buffer.alloc(1 << 20, 'x'))), gzipSync('\n1,2\n')])
  const before = process.memoryUsage().rss
  const { records } = await readCsv(bomb)
  expect(records.map(({ problem }) => problem)).toEqual(['csv.tooLong', undefined])
  expect(process.memoryUsage().rss - before).toBeLessThan(128 << 20)
})

test('a long file is unpacked without a warning of the runtime', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => void warnings.push(warning)
  process.on('warning', note)
  try {
    const packed = gzipSync(
      randomBytes(4 << 20)
        .toString('hex')
        .replaceAll(/(.{60})/g, '$1\n'),
    )
    await readCsv(packed, { header: false }, { declared: ['x'], chunkBytes: 1 << 16 })
    // Warnings are emitted in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
  } finally {
    process.off('warning', note)
  }
})
