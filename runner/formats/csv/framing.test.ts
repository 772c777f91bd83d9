// The framers against each other, against csv-parse, and against any bytes at all.

import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { contentOf, planCsv, readCsv, valuesOf } from '../../../test/support/csv.ts'
import { blocks } from './blocks.ts'
import { type Dialect, dialectOf } from './dialect.ts'
import { FastFramer } from './fast-framer.ts'
import type { BlockFramer } from './framer.ts'
import { GeneralFramer } from './general-framer.ts'

const rounds = { numRuns: 500 }
const token = fc.oneof(
  { arbitrary: fc.constantFrom(',', '"', '\n', 'a'), weight: 4 },
  { arbitrary: fc.constantFrom(',"', '",', '"\n', '""', '||', "'", ';', '|\n'), weight: 2 },
  { arbitrary: fc.constantFrom('\r', '\r\n', 'bc', ' ', 'é', '\\', '#', '|'), weight: 1 },
)
const mutated = fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join(''))
const blockBytes = fc.constantFrom(1, 2, 5, 17, 1 << 10)
const configs = fc.constantFrom<CsvConfig>(
  {},
  { quote: '' },
  { escape: '' },
  { escape: '\\' },
  { trim: true },
  { comment: '#' },
  { delimiter: '||' },
  { delimiter: ';', quote: "'" },
  { recordDelimiter: '|\n' },
  { recordDelimiter: ';;' },
)
const small = 12
const limits = fc.constantFrom(small, 1 << 20)

function tight(config: CsvConfig, maxRecordBytes: number): Dialect {
  return { ...dialectOf(config, config.delimiter ?? ',', config.quote ?? '"', (text) => Buffer.from(text)), fewest: 2, most: 2, maxRecordBytes }
}

type Framed = { start: number; end: number; cells: number[] | undefined }

async function framed(input: string, dialect: Dialect, size: number, framer: BlockFramer): Promise<Framed[]> {
  const all: Framed[] = []
  const content = contentOf(Buffer.from(input), 7)
  for await (const { frames, origin } of blocks((offset) => content.open(offset), 0, { dialect, width: 2, blockBytes: size, framer })) {
    for (let row = 0; row < frames.size; row++) {
      const cells = [...frames.cells.subarray(row * 4, row * 4 + 4)].map((cell) => cell + origin)
      all.push({
        start: origin + (frames.rows[2 * row] as number),
        end: origin + (frames.rows[2 * row + 1] as number),
        cells: frames.plain[row] === 1 ? cells : undefined,
      })
    }
  }
  return all
}

test('the fast framer finds the same records as the general one, in blocks of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      mutated,
      fc.constantFrom<CsvConfig>({}, { quote: '' }, { escape: '' }, { trim: true }),
      blockBytes,
      limits,
      async (input, config, size, most) => {
        const dialect = tight(config, most)
        const whole = await framed(input, dialect, 1 << 10, new GeneralFramer(dialect))
        expect(await framed(input, dialect, size, new FastFramer(dialect))).toEqual(whole)
        expect(await framed(input, dialect, size, new GeneralFramer(dialect))).toEqual(whole)
      },
    ),
    rounds,
  )
})

test('records, line ends and blank lines cover the whole input, in order', async () => {
  await fc.assert(
    fc.asyncProperty(mutated, configs, blockBytes, async (input, config, size) => {
      const dialect = tight({ ...config }, 1 << 20)
      const bytes = Buffer.from(input)
      let position = 0
      const gap =
        config.comment !== undefined
          ? /^(#[^\r\n]*(\r\n?|\n|$)|\r\n?|\n)*$/
          : config.recordDelimiter === '|\n'
            ? /^(\|\n|\r\n?|\n)*$/
            : config.recordDelimiter === ';;'
              ? /^(;;|\r\n?|\n)*$/
              : /^[\r\n]*$/
      for (const { start, end } of await framed(input, dialect, size, new GeneralFramer(dialect))) {
        expect(bytes.toString('utf8', position, start)).toMatch(gap)
        expect(end).toBeGreaterThan(start)
        position = end
      }
      expect(bytes.toString('utf8', position)).toMatch(gap)
    }),
    rounds,
  )
})

test('any bytes are read to the end in any dialect', async () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
  await fc.assert(
    fc.asyncProperty(bytes, configs, blockBytes, limits, async (input, config, size, maxRecordBytes) => {
      const { records } = await readCsv(input, { ...config, maxRecordBytes, header: false, compression: 'none' }, { declared: ['x', 'y'], blockBytes: size })
      for (const { problem, record } of records) expect(problem === undefined).toBe(record !== undefined)
      const orders = records.map(({ order }) => order)
      expect(orders).toEqual([...new Set(orders)].sort((one, other) => one - other))
    }),
    rounds,
  )
})

test('well-formed input gives the same records as csv-parse', async () => {
  const cell = fc.oneof(
    fc.constantFrom('', '1', '"', ',', '\n', '\r\n', 'a"b', ' '),
    fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  )
  const row = fc.tuple(cell, cell, cell, fc.boolean())
  await fc.assert(
    fc.asyncProperty(fc.array(row), fc.constantFrom('\n', '\r\n', '\r'), blockBytes, async (rows, newline, size) => {
      const quoted = (text: string, always: boolean): string => (always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
      const input = rows.map(([one, two, three, always]) => [one, two, three].map((text) => quoted(text, always)).join(',') + newline).join('')
      const expected = parse(input, { record_delimiter: ['\n', '\r\n', '\r'], skip_empty_lines: true })
      expect(await valuesOf(input, { header: false, nullTokens: [] }, { declared: ['x', 'y', 'z'], blockBytes: size })).toEqual(expected)
    }),
    rounds,
  )
})

test('slices of any size give together the records of the whole', async () => {
  await fc.assert(
    fc.asyncProperty(mutated, configs, blockBytes, fc.integer({ min: 1, max: 20 }), limits, async (input, dialect, size, target, maxRecordBytes) => {
      const config = { ...dialect, maxRecordBytes }
      const bytes = Buffer.from(`x${config.delimiter ?? ','}y\n${input}`)
      const whole = await readCsv(bytes, config, { blockBytes: size })
      const { ranges } = await planCsv(bytes, config, { targetBytes: target })
      const parts = await Promise.all(ranges.map((range) => readCsv(bytes, config, { range, blockBytes: size })))
      expect(parts.flatMap(({ records }) => records)).toEqual(whole.records)
      // Reading cannot begin at a lost line.
      const starts = whole.records.filter(({ problem }) => problem !== 'csv.lost').length
      if (target === 1) expect(ranges.length).toBeGreaterThanOrEqual(Math.min(2, starts))
    }),
    rounds,
  )
})

test('reading from any position gives exactly the remaining records', async () => {
  await fc.assert(
    fc.asyncProperty(mutated, configs, limits, async (input, dialect, maxRecordBytes) => {
      const config = { ...dialect, maxRecordBytes }
      const bytes = Buffer.from(`x${config.delimiter ?? ','}y\n${input}`)
      const { records, positions } = await readCsv(bytes, config, { batchSize: 1 })
      expect(positions).toHaveLength(records.length)
      for (const from of positions) {
        const rest = await readCsv(bytes, config, { from })
        const { offset } = typeof from === 'number' ? { offset: from } : (from as { offset: number })
        expect(rest.records).toEqual(records.filter(({ order }) => order >= offset))
      }
    }),
    { numRuns: 200 },
  )
})
