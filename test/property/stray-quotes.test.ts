// Stray quotes in a sound file: their own records are lost, nearly all others are kept, and nothing is read out of a value,
// however the file is cut and however it is framed.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blocks } from '../../runner/formats/csv/blocks.ts'
import { dialectOf, withFields } from '../../runner/formats/csv/dialect.ts'
import { FastFramer } from '../../runner/formats/csv/fast-framer.ts'
import { GeneralFramer } from '../../runner/formats/csv/general-framer.ts'
import { contentOf, planCsv, type ReadRecord, readCsv } from '../support/csv.ts'

type Line = { text: string; values: string; stray: boolean }

const id = fc.nat(999)
const word = fc.stringMatching(/^[a-z ]{1,8}$/)
const sound = fc.oneof(
  { arbitrary: fc.tuple(id, word).map(([number, text]) => ({ text: `${number},${text},x`, values: `${number}|${text}|x` })), weight: 60 },
  { arbitrary: fc.tuple(id, word).map(([number, text]) => ({ text: `"${number}","a ""${text}""",""`, values: `${number}|a "${text}"|` })), weight: 20 },
  // Lines within the value that look like records.
  { arbitrary: id.map((number) => ({ text: `${number},"t\n7,inside,x\n8,inside,y\nz",x`, values: `${number}|t\n7,inside,x\n8,inside,y\nz|x` })), weight: 10 },
)

/** Sound records; a quote was put somewhere into one of `rarity` of those that have one line. */
function feedOf(length: number, rarity: number): fc.Arbitrary<Line[]> {
  const part = fc.tuple(sound, fc.nat(rarity - 1), fc.nat(1000)).map(([{ text, values }, number, place]): Line => {
    if (number > 0 || text.includes('\n')) return { text, values, stray: false }
    const at = place % (text.length + 1)
    return { text: `${text.slice(0, at)}"${text.slice(at)}`, values, stray: true }
  })
  return fc.array(part, { minLength: length, maxLength: length })
}

function bytesOf(lines: readonly Line[]): Buffer {
  return Buffer.from(`id,name,x\n${lines.map(({ text }) => `${text}\n`).join('')}`)
}

function valuesOf(records: readonly ReadRecord[]): string[] {
  return records.flatMap(({ record }) => (record === undefined ? [] : [Object.values(record).join('|')]))
}

/** How many of the good lines' records were not read. */
function missed(lines: readonly Line[], values: readonly string[]): number {
  const left = new Map<string, number>()
  for (const value of values) left.set(value, (left.get(value) ?? 0) + 1)
  return lines.filter(({ stray, values: wanted }) => {
    if (stray) return false
    const count = left.get(wanted) ?? 0
    left.set(wanted, count - 1)
    return count <= 0
  }).length
}

const rounds = { numRuns: Number(process.env.HEADGATE_PROPERTY_RUNS ?? 40), seed: 20 }

test('99 of 100 good records are read, and no record is made from the inside of a value', { timeout: 300_000 }, async () => {
  let [good, gone] = [0, 0]
  await fc.assert(
    fc.asyncProperty(feedOf(1000, 50), async (lines) => {
      const { records } = await readCsv(bytesOf(lines))
      const values = valuesOf(records)
      expect(values.filter((value) => /^\d\|inside\|/.test(value))).toEqual([])
      good += lines.filter(({ stray }) => !stray).length
      gone += missed(lines, values)
      // Every line is accounted for: in a record that is read, or in one that is rejected.
      const covered = records.reduce((sum, { raw }) => sum + raw.split('\n').length, 0)
      expect(covered).toBe(lines.reduce((sum, { text }) => sum + text.split('\n').length, 0))
    }),
    rounds,
  )
  expect(gone / good).toBeLessThan(0.01)
})

test('Block size, slices, resume positions and framers make no difference', { timeout: 300_000 }, async () => {
  const blockBytes = fc.constantFrom(16, 300, 1 << 16)
  await fc.assert(
    fc.asyncProperty(feedOf(60, 5), blockBytes, fc.integer({ min: 20, max: 900 }), fc.constantFrom(20, 60, 1 << 20), async (lines, size, target, most) => {
      const config = { maxRecordBytes: most }
      const bytes = bytesOf(lines)
      const { records } = await readCsv(bytes, config)
      const inBlocks = await readCsv(bytes, config, { blockBytes: size, batchSize: 3 })
      expect(inBlocks.records).toEqual(records)
      const { ranges } = await planCsv(bytes, config, { targetBytes: target })
      const parts = await Promise.all(ranges.map((range) => readCsv(bytes, config, { range, blockBytes: size })))
      expect(parts.flatMap((part) => part.records)).toEqual(records)
      for (const from of inBlocks.positions.slice(0, 10)) {
        const rest = (await readCsv(bytes, config, { from })).records
        expect(rest).toEqual(records.slice(records.length - rest.length))
      }
      expect(await framed(bytes, most, FastFramer)).toEqual(await framed(bytes, most, GeneralFramer))
    }),
    rounds,
  )
})

async function framed(bytes: Buffer, maxRecordBytes: number, Framer: typeof FastFramer | typeof GeneralFramer): Promise<number[]> {
  const dialect = withFields({ ...dialectOf({}, ',', '"', (text) => Buffer.from(text)), maxRecordBytes }, 3, 'reject')
  const places: number[] = []
  const content = contentOf(bytes)
  for await (const { frames, origin } of blocks((offset) => content.open(offset), 0, { dialect, width: 3, blockBytes: 1 << 10, framer: new Framer(dialect) })) {
    for (let row = 0; row < 2 * frames.size; row++) places.push(origin + (frames.rows[row] as number))
  }
  return places
}
