// Reads JSON from memory, for tests: what a batch says about each record, and a check that its cells say the same.
import type { JsonFormat as JsonConfig } from '../../crds/formats/json.ts'
import type { Range, SourceField } from '../../runner/formats/format.ts'
import { JsonFormat } from '../../runner/formats/json/format.ts'
import type { ByteBatch } from '../../runner/records/byte-batch.ts'
import { sampleRun } from '../../sdk/conformance/check.ts'
import type { Position, SourceRecord } from '../../sdk/index.ts'
import { contentOf } from './csv.ts'

export type JsonRecord = {
  order: number
  raw: string
  problem: string | undefined
  warning: string | undefined
  record: SourceRecord | undefined
  plain: boolean
}
export type JsonOptions = {
  config?: JsonConfig
  declared?: SourceField[]
  blockBytes?: number
  batchSize?: number
  chunkBytes?: number
  range?: Range
  from?: Position
}
export type JsonResult = { records: JsonRecord[]; fields: readonly string[]; positions: Position[] }

export async function readJson(input: string | Buffer, options: JsonOptions = {}): Promise<JsonResult> {
  const { config = {}, declared = [], range = { start: 0, end: null } } = options
  const result: JsonResult = { records: [], fields: [], positions: [] }
  const format = new JsonFormat(config, declared, { ...(options.blockBytes !== undefined && { blockBytes: options.blockBytes }) })
  const run = sampleRun({ batchSize: options.batchSize ?? 50_000 })
  for await (const batch of format.read(contentOf(Buffer.from(input as string), options.chunkBytes, 'feed.json'), range, options.from, run)) {
    result.fields = batch.fields
    result.positions.push(batch.next)
    for (let index = 0; index < batch.size; index++) result.records.push(recordAt(batch as ByteBatch, index, declared))
  }
  return result
}

/** The values of each record, or the problem's code in place of them. */
export async function valuesOfJson(input: string | Buffer, options: JsonOptions = {}): Promise<unknown[]> {
  return (await readJson(input, options)).records.map(({ record, problem }) => problem ?? record)
}

function recordAt(batch: ByteBatch, index: number, declared: readonly SourceField[]): JsonRecord {
  const problem = batch.problem(index)?.code
  const warning = batch.warning(index)?.code
  const plain = batch.plain[index] === 1
  const record = problem === undefined ? batch.record(index) : undefined
  if (plain && record === undefined) throw new Error(`record ${index} is plain and has the problem ${problem}`)
  if (plain && record !== undefined) for (const { name } of declared) compareViews(batch, index, name, record[name])
  return { order: batch.order(index), raw: Buffer.from(batch.raw(index)).toString('latin1'), problem, warning, record, plain }
}

/** The cell of a plain record has the text that its slow reading has. */
function compareViews(batch: ByteBatch, index: number, name: string, value: unknown): void {
  const at = 2 * (index * batch.width + batch.fields.indexOf(name))
  const [start, end] = [batch.cells[at] as number, batch.cells[at + 1] as number]
  const { rules } = batch
  const quoted = start > (batch.rows[2 * index] as number) && batch.bytes[start - 1] === rules.quote
  const text = end < 0 ? rules.unescape?.(batch.bytes, start, ~end) : batch.bytes.toString('utf8', start, end)
  const cell = !quoted && rules.nullTokens.some((token) => token.toString() === text) ? null : text
  const slow = value === undefined || value === null ? null : String(value)
  if (cell !== slow) throw new Error(`record ${index}, ${name}: cell ${JSON.stringify(cell)} but record ${JSON.stringify(slow)}`)
}
