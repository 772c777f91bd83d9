// Reads CSV from memory, for tests: everything a batch says about each record, and a check that its two views agree.
import type { CsvFormat as CsvConfig } from '../../crds/pipeline.ts'
import { Content } from '../../runner/content/content.ts'
import { CsvFormat } from '../../runner/formats/csv/format.ts'
import type { InputPlan, Range } from '../../runner/formats/format.ts'
import type { ByteBatch } from '../../runner/records/byte-batch.ts'
import { sampleRun } from '../../sdk/conformance/check.ts'
import type { Position, RecordBatch } from '../../sdk/index.ts'

export type ReadRecord = { order: number; raw: string; problem: string | undefined; record: Record<string, unknown> | undefined }
export type ReadResult = { fields: readonly string[]; records: ReadRecord[]; positions: Position[]; plain: number }
export type ReadOptions = { declared?: string[]; blockBytes?: number; range?: Range; from?: Position; chunkBytes?: number; batchSize?: number }

/** An input in memory, given in chunks of `chunkBytes` whose buffer is used again, as a source may do. */
export function contentOf(bytes: Buffer, chunkBytes = 1 << 16, name = 'feed.csv'): Content {
  async function* open(start: number, end = bytes.length): AsyncIterable<Buffer> {
    const buffer = Buffer.alloc(chunkBytes)
    for (let at = start; at < end; at += chunkBytes) yield buffer.subarray(0, bytes.copy(buffer, 0, at, Math.min(end, at + chunkBytes)))
  }
  return new Content({ name, size: bytes.length, randomAccess: true, open })
}

/** What planning finds out about an input in memory; without `targetBytes` it is not cut. */
export async function planCsv(input: string | Buffer, config: CsvConfig = {}, options: { declared?: string[]; targetBytes?: number } = {}): Promise<InputPlan> {
  return new CsvFormat(config, options.declared ?? []).plan(contentOf(Buffer.from(input as string)), options.targetBytes, sampleRun())
}

export async function readCsv(input: string | Buffer, config: CsvConfig = {}, options: ReadOptions = {}): Promise<ReadResult> {
  const content = contentOf(Buffer.from(input as string), options.chunkBytes)
  const format = new CsvFormat(config, options.declared ?? [], { ...(options.blockBytes !== undefined && { blockBytes: options.blockBytes }) })
  const reading: ReadResult = { fields: [], records: [], positions: [], plain: 0 }
  for await (const batch of format.read(
    content,
    options.range ?? { start: 0, end: null },
    options.from,
    sampleRun({ batchSize: options.batchSize ?? 50_000 }),
  )) {
    reading.fields = batch.fields
    reading.positions.push(batch.next)
    for (let index = 0; index < batch.size; index++) {
      reading.records.push(recordAt(batch, index))
      if ((batch as ByteBatch).plain[index] === 1) reading.plain++
    }
  }
  return reading
}

/** Only the values, or the problem's code in place of them. */
export async function valuesOf(input: string | Buffer, config: CsvConfig = {}, options: ReadOptions = {}): Promise<unknown[]> {
  const { records } = await readCsv(input, config, options)
  return records.map(({ record, problem }) => problem ?? Object.values(record ?? {}))
}

function recordAt(batch: RecordBatch, index: number): ReadRecord {
  const problem = batch.problem(index)?.code
  const plain = (batch as ByteBatch).plain[index] === 1
  const record = problem === undefined ? batch.record(index) : undefined
  if (plain && record !== undefined) compareViews(batch as ByteBatch, index, record)
  return { order: batch.order(index), raw: Buffer.from(batch.raw(index)).toString('latin1'), problem, record }
}

/** What the bytes of a plain record's cells say must be what its slow reading says. */
function compareViews(batch: ByteBatch, index: number, record: Record<string, unknown>): void {
  for (const [column, field] of batch.fields.entries()) {
    const at = 2 * (index * batch.width + column)
    const [start, end] = [batch.cells[at] as number, batch.cells[at + 1] as number]
    const text = cellText(batch, index, start, end)
    if (batch.rules.utf8 && text !== record[field])
      throw new Error(`record ${index}, ${field}: cell ${JSON.stringify(text)} but record ${JSON.stringify(record[field])}`)
  }
}

function cellText(batch: ByteBatch, index: number, start: number, end: number): string | null {
  const { quote, nullTokens, quotedEmptyIsNull, trim } = batch.rules
  const bytes = batch.bytes.subarray(start, end)
  const quoted = start > (batch.rows[2 * index] as number) && batch.bytes[start - 1] === quote
  if (quoted) return bytes.length === 0 && quotedEmptyIsNull ? null : bytes.toString()
  const cell = trim ? Buffer.from(bytes.toString('latin1').replace(/^[ \t]+|[ \t]+$/g, ''), 'latin1') : bytes
  return nullTokens.some((token) => token.equals(cell)) ? null : cell.toString()
}
