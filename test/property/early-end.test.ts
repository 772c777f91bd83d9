// A run ends before its input does only if its quality gate would have failed it in the end, however it is cut and worked on.
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { checkGate } from '../../runner/engine/finish/gate.ts'
import type { Run } from '../../store/runs.ts'
import { freshStore } from '../support/store.ts'
import { changes } from './assembly.ts'
import { deliver, scratchFolder, written } from './delivery.ts'

afterEach(() => {
  changes.sliceBytes = undefined
})

const store = await freshStore()
const folder = scratchFolder()

type Ragged = 'reject' | 'pad' | 'truncate' | 'adapt'
type Feed = { width: number; ragged: Ragged; lineEnd: string; files: { lines: string[]; ended: boolean }[] }
type Manner = { workers: number; batchSize: number; sliceBytes: number | undefined }

const names = ['a', 'b', 'c']

/** Any lines, and then many records as small as they can be: only these come near the bound, and lower the share of what was rejected before. */
function file(width: number): fc.Arbitrary<Feed['files'][number]> {
  const commas = ','.repeat(width - 1)
  const smallest = width === 1 ? '1' : commas
  const line = fc.oneof(
    { weight: 2, arbitrary: fc.constant(smallest) },
    { weight: 1, arbitrary: fc.constantFrom(`123456${commas}`, `"7"${commas}`, '1', '') },
    { weight: 2, arbitrary: fc.constantFrom(`x${commas}`, 'x', `${commas},,1`, '"', `"x${commas}`) },
  )
  const lines = fc.tuple(fc.array(line, { minLength: 1, maxLength: 40 }), fc.nat({ max: 60 })).map(([any, rest]) => [...any, ...Array(rest).fill(smallest)])
  return fc.record({ lines, ended: fc.boolean() })
}

const feed: fc.Arbitrary<Feed> = fc.integer({ min: 1, max: names.length }).chain((width) =>
  fc.record({
    width: fc.constant(width),
    ragged: fc.constantFrom<Ragged>('reject', 'reject', 'pad', 'truncate', 'adapt'),
    lineEnd: fc.constantFrom('\n', '\n', '\r', '\r\n'),
    files: fc.array(file(width), { minLength: 1, maxLength: 3 }),
  }),
)
const manner: fc.Arbitrary<Manner> = fc.record({
  workers: fc.constantFrom(1, 1, 2, 4),
  batchSize: fc.integer({ min: 1, max: 20 }),
  sliceBytes: fc.oneof(fc.integer({ min: 10, max: 100 }), fc.constant(undefined)),
})
/** How far the allowed share is from that of the whole delivery. */
const margin = fc.constantFrom(0, 0, 1e-6, 0.01, -1e-6, -0.01, -0.1)

let cases = 0

async function load({ width, ragged, lineEnd, files }: Feed, maxRejectedRatio: string, { sliceBytes, ...how }: Manner): Promise<Run> {
  const name = `early-${++cases}`
  changes.sliceBytes = sliceBytes
  const fields = names.slice(0, width)
  const text = ({ lines, ended }: Feed['files'][number]) => [fields.join(), ...lines].join(lineEnd) + (ended ? lineEnd : '')
  const place = written(folder, name, Object.fromEntries(files.map((file, index) => [`${index}.csv`, text(file)])))
  const spec: PipelineSpec = {
    source: { files: { paths: ['*.csv'] } },
    format: { csv: { ragged } },
    schema: { fields: fields.map((field) => ({ name: field, type: 'integer', nullable: true })) },
    destination: { postgres: { table: `public."${name}"`, mode: 'Append', createTable: true } },
    quality: { maxRejectedRatio },
  }
  return deliver(store, { name, pipeline: name, folder: place, spec, manner: how })
}

function allowedBy({ counts: { read, quarantined } }: Run, margin: number): string {
  const share = read === 0 ? 0 : Math.ceil((quarantined / read) * 1e9) / 1e9
  return Math.min(1, Math.max(0, share + margin)).toFixed(9)
}

function passesGate(maxRejectedRatio: string, { counts }: Run): boolean {
  try {
    checkGate({ maxRejectedRatio }, counts)
    return true
  } catch {
    return false
  }
}

test('Only runs that the final gate would fail end early', { timeout: 300_000 }, async () => {
  const figures = { early: 0, passed: 0 }
  await fc.assert(
    fc.asyncProperty(feed, margin, manner, async (fed, apart, how) => {
      const whole = await load(fed, '1', { workers: 1, batchSize: 1000, sliceBytes: undefined })
      expect(whole.state).toBe('Succeeded')
      const maxRejectedRatio = allowedBy(whole, apart)
      const run = await load(fed, maxRejectedRatio, how)
      expect(run.failure?.code).toBe(passesGate(maxRejectedRatio, whole) ? undefined : 'QualityGate')
      if (run.counts.read < whole.counts.read) figures.early++
      if (run.state === 'Succeeded') figures.passed++
    }),
    { numRuns: Number(process.env.HEADGATE_PROPERTY_RUNS ?? 40) },
  )
  expect(figures.early).toBeGreaterThan(0)
  expect(figures.passed).toBeGreaterThan(0)
})

test.each([1, 3])('A large file with too many bad records is read in part only, by %i workers', async (workers) => {
  const row = (id: number) => `${id % 4 === 0 ? 'x' : id},${id},${id}`
  const lines = Array.from({ length: 60_000 }, (_, id) => row(id))
  const fed: Feed = { width: 3, ragged: 'reject', lineEnd: '\n', files: [{ lines, ended: true }] }
  const { failure, counts } = await load(fed, '0.02', { workers, batchSize: 500, sliceBytes: 100_000 })
  expect(failure).toMatchObject({ code: 'QualityGate', retryable: false })
  expect(failure?.message).toMatch(
    /^\d+ of \d+ records were rejected and at most \d+ more can be accepted \(at least 2\.\d+ % in the end\), quality\.maxRejectedRatio allows 2 %/,
  )
  // Each record has about 17 bytes and 4 at least, so 60,000 of them have room for about 250,000, and 2 % of that are bad early.
  expect(counts.read).toBeLessThan(30_000)
  expect(counts.quarantined + counts.parked).toBeGreaterThan(0.02 * 60_000)
})
