// Any bytes at all as input: no crash, no hang, no unbounded memory; a clear error or quarantined records, and the books balance.
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline as pipe } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import type { Run } from '../../store/runs.ts'
import { faultsInBooks } from '../support/outcome.ts'
import { freshStore } from '../support/store.ts'
import { changes } from './assembly.ts'
import { deliver, scratchFolder, written } from './delivery.ts'

const store = await freshStore()
const folder = scratchFolder()
let inputs = 0

afterAll(() => {
  changes.sliceBytes = undefined
})

const MB = 1 << 20

type Fields = PipelineSpec['schema']['fields']
const fields: Fields = [
  { name: 'id', type: 'integer' },
  { name: 'name', type: 'text', nullable: true },
]

/** One run over `feed.csv` in a folder, in which it may have been put already. */
async function load(bytes?: Buffer, { place = join(folder, `input-${++inputs}`), declared = fields, batchSize = 1000 } = {}): Promise<Run> {
  if (bytes !== undefined) written(place, '.', { 'feed.csv': bytes })
  const pipeline = `bytes-${inputs}`
  const spec: PipelineSpec = {
    source: { files: { paths: ['feed.csv'] } },
    format: { csv: {} },
    schema: { primaryKey: ['id'], fields: declared },
    destination: { postgres: { table: `bytes.t${inputs}`, mode: 'Upsert', createTable: true } },
    quality: { maxRejectedRatio: '1' },
    retry: { limit: 1, backoff: { initial: '10ms' } },
  }
  return deliver(store, { name: `${pipeline}.0`, pipeline, folder: place, spec, manner: { workers: 1, batchSize } })
}

/** Codes a run over strange bytes may fail with; anything else is a defect. */
const sourceFaults = /^(SourceCorrupt|InvalidHeader|MissingField|InvalidConfig)$/

function expectClear({ state, failure, counts }: Run): void {
  const { read, loaded, unchanged, superseded, filtered, quarantined, parked } = counts
  expect(read).toBe(loaded + unchanged + superseded + filtered + quarantined + parked)
  if (state === 'Failed') expect(failure?.code).toMatch(sourceFaults)
  else expect(state).toBe('Succeeded')
}

/** Where this process's memory has been at most while `work` went on, above where it was before. */
async function grownBy(work: () => Promise<unknown>): Promise<number> {
  global.gc?.()
  const before = process.memoryUsage().rss
  let most = before
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20)
  await work().finally(() => clearInterval(watch))
  return most - before
}

const valid = ['id,name', '1,a', '2,"b, c"', '3,"d ""quoted"""', '4,', '5,é ü 漢字', ''].join('\n')

test('Bytes at random', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.option(fc.integer({ min: 5, max: 100 }), { nil: undefined }), async (bytes, sliceBytes) => {
      changes.sliceBytes = sliceBytes
      expectClear(await load(Buffer.from(bytes)))
    }),
    { numRuns: 40 },
  )
})

const mutation = fc.record({
  at: fc.nat({ max: valid.length }),
  remove: fc.nat({ max: 4 }),
  insert: fc.constantFrom('"', '""', ',', '\n', '\r', '\0', '\xff', '\xe9', '\ufeff', 'x', ''),
})

test('A valid file with bytes removed and inserted', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.option(fc.integer({ min: 5, max: 30 }), { nil: undefined }),
      async (mutations, sliceBytes) => {
        let bytes = Buffer.from(valid)
        for (const { at, remove, insert } of mutations)
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(insert, 'latin1'), bytes.subarray(at + remove)])
        changes.sliceBytes = sliceBytes
        expectClear(await load(bytes))
      },
    ),
    { numRuns: 40 },
  )
  changes.sliceBytes = undefined
  expect(await faultsInBooks(store.client)).toEqual([])
})

test('NUL bytes are quarantined with their raw bytes', async () => {
  const { counts } = await load(Buffer.from('id,name\n1,a\0b\n2,fine\n\0\0\0\n'))
  expect(counts).toMatchObject({ read: 3, loaded: 1, quarantined: 2 })
  const { rows } = await store.client.query(`SELECT raw FROM headgate.quarantine WHERE pipeline = $1 ORDER BY position`, [`bytes-${inputs}`])
  expect(rows.map(({ raw }) => (raw as Buffer).toString('latin1'))).toEqual(['1,a\0b', '\0\0\0'])
})

test('Five thousand columns are more than a table can have', async () => {
  const names = ['id', 'name', ...Array.from({ length: 4998 }, (_, column) => `c${column}`)]
  const run = await load(Buffer.from([names.join(), names.map((_, column) => column).join(), ''].join('\n')))
  expect(run).toMatchObject({ state: 'Failed', failure: { code: 'InvalidHeader', message: expect.stringContaining('5000 columns') } })
})

test('1,590 declared columns', async () => {
  const declared: Fields = [{ name: 'id', type: 'integer' }, ...Array.from({ length: 1589 }, (_, column) => ({ name: `c${column}`, type: 'boolean' as const }))]
  const lines = [declared.map(({ name }) => name).join(), [1, ...Array.from({ length: 1589 }, () => 't')].join(), '']
  expectClear(await load(Buffer.from(lines.join('\n')), { declared }))
})

async function writeStream(chunks: Iterable<Buffer>, { gzip }: { gzip: boolean }): Promise<string> {
  const place = written(folder, `input-${++inputs}`, {})
  const file = createWriteStream(join(place, 'feed.csv'))
  await (gzip ? pipe(Readable.from(chunks), createGzip({ level: 1 }), file) : pipe(Readable.from(chunks), file))
  return place
}

function* repeated(chunk: Buffer, times: number): Iterable<Buffer> {
  for (let time = 0; time < times; time++) yield chunk
}

test.each([
  ['a line of 64 MB without a delimiter', 64, 'x', false],
  ['64 MB of quotes', 64, '"', false],
  ['64 MB of delimiters', 64, ',', false],
  ['64 MB of line ends', 64, '\n', false],
  ['a gzip bomb of 256 MB of zeros', 256, '\0', true],
])('Memory stays bounded: %s', { timeout: 240_000 }, async (_what, megabytes, character, gzip) => {
  const place = await writeStream([Buffer.from('id,name\n1,fine\n'), ...repeated(Buffer.alloc(MB, character), megabytes), Buffer.from('\n2,fine too\n')], {
    gzip,
  })
  let run: Run | undefined
  const grown = await grownBy(async () => (run = await load(undefined, { place })))
  expectClear(run as Run)
  expect(grown).toBeLessThan(256 * MB)
})

test.each([
  ['cut off', (whole: Buffer) => whole.subarray(0, whole.length - 30)],
  ['with a wrong check sum', (whole: Buffer) => Buffer.concat([whole.subarray(0, whole.length - 8), Buffer.alloc(8, 1)])],
  ['with a broken middle', (whole: Buffer) => Buffer.concat([whole.subarray(0, whole.length / 2), Buffer.alloc(64), whole.subarray(whole.length / 2 + 64)])],
])('A gzip file %s never counts as success', async (_how, damage) => {
  const lines = Array.from({ length: 20_000 }, (_, id) => `${id},${(id * 2654435761) % 4294967296}`)
  const run = await load(damage(gzipSync(['id,name', ...lines, ''].join('\n'))))
  expect(run).toMatchObject({ state: 'Failed', failure: { code: expect.stringMatching(sourceFaults), retryable: false } })
  expectClear(run)
})
