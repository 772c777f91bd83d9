import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sampleRun } from '../../sdk/conformance/index.ts'
import type { RunContext, Slice } from '../../sdk/index.ts'
import { CsvFormat } from '../formats/csv/format.ts'
import { SourceExtractor } from './extractor.ts'
import { FilesSource } from './files/source.ts'
import type { Source } from './source.ts'

let folder: string
let run: RunContext
const stopping = new AbortController()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-extractor-'))
  writeFileSync(join(folder, 'a.csv'), `x,y\n${Array.from({ length: 1000 }, (_, row) => `${row},"line\none"\n`).join('')}`)
  writeFileSync(join(folder, 'b.csv'), 'y,x\n1,2\n')
  run = sampleRun({ folder, batchSize: 50_000, signal: stopping.signal })
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

function extractor(workers: number, sliceBytes?: number): SourceExtractor {
  return new SourceExtractor({
    source: new FilesSource({ paths: ['*.csv'] }),
    format: new CsvFormat({}, []),
    workers,
    ...(sliceBytes !== undefined && { sliceBytes }),
  })
}

async function all(subject: SourceExtractor): Promise<{ slices: Slice[]; records: unknown[] }> {
  const slices = (await Array.fromAsync(subject.plan(run))).map((slice) => JSON.parse(JSON.stringify(slice)) as Slice)
  const records: unknown[] = []
  for (const slice of slices) {
    for await (const batch of subject.read(slice, undefined, run)) {
      for (let index = 0; index < batch.size; index++) records.push([slice.input, batch.order(index), batch.record(index)])
    }
  }
  return { slices, records }
}

test('one worker gets one slice for each file, and small files are not split for more workers', async () => {
  for (const workers of [1, 4]) {
    const { slices } = await all(extractor(workers))
    expect(slices.map(({ input, name }) => [input, name])).toEqual([
      [0, 'a.csv'],
      [1, 'b.csv'],
    ])
  }
})

test('slices of any size give the same records in the same order', async () => {
  const whole = await all(extractor(1))
  const cut = await all(extractor(3, 1000))
  expect(cut.slices.length).toBeGreaterThan(10)
  expect(cut.records).toEqual(whole.records)
  expect(cut.slices.filter(({ input }) => input === 0).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)).toBe(whole.slices[0]?.bytes)
})

test('slices say how small records can be, so that the engine knows how many can follow', async () => {
  const { slices } = await all(extractor(3, 1000))
  expect(new Set(slices.map(({ leastRecordBytes }) => leastRecordBytes))).toEqual(new Set([2]))
})

test('slices of compressed files do not', async () => {
  for (const name of ['a.csv', 'b.csv']) writeFileSync(join(folder, name), gzipSync('x,y\n1,2\n'))
  const { slices } = await all(extractor(1))
  expect(slices.map((slice) => 'leastRecordBytes' in slice)).toEqual([false, false])
})

test('a file that grows after the plan is not read', async () => {
  const subject = extractor(1)
  const [slice] = (await Array.fromAsync(subject.plan(run))) as [Slice]
  appendFileSync(join(folder, 'a.csv'), '1,2\n')
  await expect(Array.fromAsync(subject.read(slice, undefined, run))).rejects.toMatchObject({ code: 'SourceChanged' })
  await expect(subject.verify(slice, run)).rejects.toMatchObject({ code: 'SourceChanged' })
})

const losses: [what: string, lose: (path: string) => void][] = [
  ['is gone', (path) => rmSync(path)],
  [
    'became a folder',
    (path) => {
      rmSync(path)
      mkdirSync(path)
    },
  ],
  ['lost its folder', () => rmSync(folder, { recursive: true })],
]

test.each(losses)('a planned file that %s may be available to another worker', async (_what, lose) => {
  const subject = extractor(1)
  const [slice] = (await Array.fromAsync(subject.plan(run))) as [Slice]
  lose(join(folder, 'a.csv'))
  const unavailable = { code: 'SourceUnavailable', retryable: true, message: expect.stringMatching(/^a\.csv was there when the run was planned .*a\.csv/) }
  await expect(Array.fromAsync(subject.read(slice, undefined, run))).rejects.toMatchObject(unavailable)
  await expect(subject.verify(slice, run)).rejects.toMatchObject(unavailable)
})

test.each(losses)('a file that %s while the run is planned is ignored', async (_what, lose) => {
  const source = new FilesSource({ paths: ['*.csv'] })
  const lossy: Source = {
    async *inputs(given) {
      const inputs = await Array.fromAsync(source.inputs(given))
      lose(join(folder, 'b.csv'))
      yield* inputs
    },
    open: source.open.bind(source),
    verify: source.verify.bind(source),
  }
  const subject = new SourceExtractor({ source: lossy, format: new CsvFormat({}, []), workers: 1 })
  const refusal = { code: expect.stringMatching(/^Source(NotFound|Unreadable)$/), message: expect.not.stringContaining('was planned') }
  await expect(Array.fromAsync(subject.plan(run))).rejects.toMatchObject(refusal)
})

test.each([new TypeError('undefined is not a function'), 'no error at all', undefined])(
  'what a careless source throws arrives as it is, and its stream is closed: %s',
  async (thrown) => {
    let open = 0
    const careless: Source = {
      async *inputs() {
        yield { name: 'feed.csv', identity: null }
      },
      async *open() {
        open++
        try {
          yield Buffer.from('x,y\n1,2\n'.repeat(20_000))
          throw thrown
        } finally {
          open--
        }
      },
      async verify() {},
    }
    const subject = new SourceExtractor({ source: careless, format: new CsvFormat({}, []), workers: 1 })
    const [slice] = (await Array.fromAsync(subject.plan(run))) as [Slice]
    expect(open).toBe(0)
    const reading = Array.fromAsync(subject.read(slice, undefined, run)).then(
      () => 'read as if it was whole',
      (error: unknown) => ({ error }),
    )
    expect(await reading).toEqual({ error: thrown })
    expect(open).toBe(0)
  },
)
