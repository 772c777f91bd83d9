// Requests to a source: one for a whole input, in any compression and encoding; two for a later slice, the second for its range.
import { gzipSync, zstdCompressSync } from 'node:zlib'
import iconv from 'iconv-lite'
import { afterEach, describe, expect, test } from 'vitest'
import type { CsvFormat as CsvConfig } from '../../crds/pipeline.ts'
import { sampleRun } from '../../sdk/conformance/check.ts'
import type { Position, Slice } from '../../sdk/index.ts'
import { rangeServer } from '../../test/support/range-server.ts'
import { CsvFormat } from '../formats/csv/format.ts'
import { SourceExtractor } from './extractor.ts'
import type { SliceSpec } from './packing.ts'

const server = await rangeServer()
const run = sampleRun({ batchSize: 5000 })
const rows = 100_000
const text = `id,name\n${Array.from({ length: rows }, (_, row) => `${row},name ${(row * 7919) % 104_729}\n`).join('')}`
const bytes = Buffer.from(text)

afterEach(async () => {
  server.requests.length = 0
  // Every request ends, also one whose response is not read to its end.
  await expect.poll(server.underWay).toBe(0)
})

function extractor(input: Buffer, { config = {}, sequential = false, sliceBytes }: { config?: CsvConfig; sequential?: boolean; sliceBytes?: number } = {}) {
  const source = server.source({ 'feed.csv': input }, { sequential })
  return new SourceExtractor({ source, format: new CsvFormat(config, ['id', 'name']), workers: 1, ...(sliceBytes !== undefined && { sliceBytes }) })
}

/** Ids of a slice's records, and where its first batch ends. */
async function read(subject: SourceExtractor, slice: Slice, from?: Position): Promise<{ ids: number[]; next: Position }> {
  const ids: number[] = []
  let next: Position | undefined
  for await (const batch of subject.read(slice, from, run)) {
    next ??= batch.next
    for (let index = 0; index < batch.size; index++) ids.push(Number(batch.record(index).id))
  }
  return { ids, next: next ?? null }
}

/** The result of the call, and its requests. */
async function asked<Result>(call: Promise<Result>): Promise<{ result: Result; requests: string[] }> {
  server.requests.length = 0
  const result = await call
  return { result, requests: [...server.requests] }
}

const everyId = Array.from({ length: rows }, (_, id) => id)

const inputs: [what: string, input: Buffer, config?: CsvConfig][] = [
  ['plain', bytes],
  ['plain, and its dialect has to be found out', bytes, { delimiter: 'auto' }],
  ['plain without a header', bytes.subarray(text.indexOf('\n') + 1), { header: false }],
  ['in a header of several lines', Buffer.concat([Buffer.from(`${'-'.repeat(200_000)}\n`), bytes]), { skipLines: 1 }],
  ['packed by gzip', gzipSync(bytes)],
  ['packed by zstd', zstdCompressSync(bytes)],
  ['in UTF-16', iconv.encode(text, 'utf-16le', { addBOM: true })],
  ['in Shift_JIS with a delimiter that is part of characters', iconv.encode(text.replaceAll(',', '|'), 'shift_jis'), { encoding: 'shift_jis', delimiter: '|' }],
  ['packed UTF-16', gzipSync(iconv.encode(text, 'utf-16be', { addBOM: true }))],
  ['with a footer', Buffer.concat([bytes, Buffer.from('END\n')]), { skipFooterLines: 1 }],
]

describe.each([false, true])('an input of a server (without ranges: %s)', (sequential) => {
  test.each(inputs)('%s takes one request to plan it, and one to read it', async (_what, input, config = {}) => {
    const subject = extractor(input, { config, sequential })
    const planned = await asked(Array.fromAsync(subject.plan(run)))
    expect(planned.requests).toEqual(['all'])
    const { result, requests } = await asked(read(subject, planned.result[0] as Slice))
    expect(requests).toEqual(['all'])
    expect(result.ids).toEqual(everyId)
  })

  test.each(inputs)('%s costs at most two requests to resume', async (_what, input, config = {}) => {
    const subject = extractor(input, { config, sequential })
    const [slice] = (await Array.fromAsync(subject.plan(run))) as [Slice]
    const { next } = await read(subject, slice)
    const { result, requests } = await asked(read(subject, slice, next))
    expect(requests.length).toBeLessThanOrEqual(2)
    expect(result.ids.length).toBeLessThan(rows)
    expect(result.ids).toEqual(everyId.slice(rows - result.ids.length))
  })
})

test('slices are planned with one request, and a later one asks for the head and its own range', async () => {
  const subject = extractor(bytes, { sliceBytes: bytes.length / 4 })
  const planned = await asked(Array.fromAsync(subject.plan(run)))
  expect(planned.requests).toEqual(['all'])
  const slices = planned.result
  const starts = slices.map(({ spec }) => (spec as unknown as SliceSpec).parts[0]?.range.start as number)
  expect(slices).toHaveLength(4)
  const ids: number[] = []
  for (const [index, slice] of slices.entries()) {
    const { result, requests } = await asked(read(subject, slice))
    const last = index === slices.length - 1
    const own = `bytes=${starts[index]}-${last ? '' : (starts[index + 1] as number) - 1}`
    expect(requests).toEqual(index === 0 ? ['all'] : ['all', own])
    ids.push(...result.ids)
  }
  expect(ids).toEqual(everyId)
})

test('a small input is read from its cached head', async () => {
  for (const input of [Buffer.from('id,name\n1,a\n2,b\n'), gzipSync('id,name\n1,a\n2,b\n')]) {
    const subject = extractor(input)
    const [slice] = (await Array.fromAsync(subject.plan(run))) as [Slice]
    const { result, requests } = await asked(read(subject, slice))
    expect([result.ids, requests]).toEqual([[1, 2], ['all']])
  }
})

test('a reader that leaves early ends its request', async () => {
  for (const input of [bytes, gzipSync(bytes)]) {
    const subject = extractor(input)
    const [slice] = (await Array.fromAsync(subject.plan(run))) as [Slice]
    for await (const batch of subject.read(slice, undefined, run)) {
      expect(batch.size).toBeGreaterThan(0)
      break
    }
    await expect.poll(server.underWay).toBe(0)
  }
})

test('a format that fails leaves no request open', async () => {
  const subject = extractor(Buffer.concat([Buffer.from('id,id\n'), bytes]))
  await expect(Array.fromAsync(subject.plan(run))).rejects.toMatchObject({ code: 'InvalidHeader' })
  await expect.poll(server.underWay).toBe(0)
})
