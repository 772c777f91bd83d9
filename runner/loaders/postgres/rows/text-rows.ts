// Rows of COPY's text format, for batches of records that are not encoded.
import type { LoadBatch } from '../../../../sdk/index.ts'
import type { DestinationColumn } from '../../../copy/encoded-rows.ts'

const chunkLength = 128 * 1024
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\b': '\\b', '\f': '\\f', '\v': '\\v' }

export function* textChunks(batch: LoadBatch, columns: readonly DestinationColumn[], run: number): Generator<Buffer> {
  let text = ''
  for (let index = 0; index < batch.size; index++) {
    const record = batch.record(index)
    const values = columns.map(({ name }) => (name === '_run' ? run : name === '_pos' ? batch.recordOrder(index) : record[name]))
    text += `${values.map(textValue).join('\t')}\n`
    if (text.length < chunkLength) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text !== '') yield Buffer.from(text)
}

function textValue(value: unknown): string {
  if (value === null || value === undefined) return '\\N'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: COPY gives these bytes a meaning.
  return text.replace(/[\\\t\n\r\u0008\f\v]/g, (character) => escapes[character] as string)
}
