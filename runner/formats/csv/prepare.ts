// What must be known of a text before its records are read: dialect, fields, where data starts.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'
import { compressionOf, decompressed } from '../../content/compression.ts'
import type { Content } from '../../content/content.ts'
import { headBytes, type TextInput, textInput } from '../../text/input.ts'
import { type Dialect, dialectOf, withFields } from './dialect.ts'
import { fieldNames, headerLines, headerRows, likelierOf, type Preamble, preambleOf } from './header.ts'
import { HeaderRows, tellable } from './header-rows.ts'
import { type Sniffed, sniff } from './sniff.ts'

const mostPreambleBytes = 64 << 20

export type PreparedInput = {
  text: TextInput
  dialect: Dialect
  fields: readonly string[]
  /** The header's lines, if they are distinguishable from records. A repeated header line starts a second table. */
  header: HeaderRows
  /** Where records begin in the text. */
  start: number
}

export async function prepare(content: Content, config: CsvConfig, declaredFields: readonly string[]): Promise<PreparedInput> {
  const { name } = content
  const text = await textOf(content, config)
  const { encoding, empty } = text
  const { delimiter, quote } = await marksOf(text, config)
  const dialect = dialectOf(config, delimiter, quote, encoding.encode)
  const rowsOf = (reading: Preamble) => headerRows(reading, dialect, encoding, name)
  const preamble = likelierOf(await readPreamble(text, config, dialect), declaredFields, rowsOf)
  const rows = rowsOf(preamble)
  const fields = empty ? [...declaredFields] : fieldNames(rows, config, declaredFields, name)
  const header = new HeaderRows(tellable(rows), dialect, encoding)
  return { text, dialect: withFields(dialect, fields.length, config.ragged), fields, header, start: preamble.start }
}

async function textOf(content: Content, config: CsvConfig): Promise<TextInput> {
  const { compression, encoding, delimiter = ',', quote = '"' } = config
  const plain = decompressed(content, await compressionOf(content, compression))
  const tokens = [delimiter === 'auto' ? ',;\t ' : delimiter, quote, config.escape ?? '', config.comment ?? '', config.recordDelimiter ?? '']
  return textInput(plain, { encoding, tokens, expected: 'delimited text', setting: 'format.csv.encoding' })
}

/** Delimiter and quote, found out if the delimiter is `auto`. */
async function marksOf({ content, empty, markBytes }: TextInput, config: CsvConfig): Promise<Sniffed> {
  const { delimiter = ',', quote = '"' } = config
  if (empty) return { delimiter: ',', quote }
  if (delimiter !== 'auto') return { delimiter, quote }
  return sniff((await content.head(headBytes)).subarray(markBytes), config, content.name)
}

async function readPreamble({ content, markBytes }: TextInput, config: CsvConfig, dialect: Dialect): Promise<Preamble> {
  for (let length = headBytes; length <= mostPreambleBytes; length *= 8) {
    const head = await content.head(length)
    const preamble = preambleOf(head, { from: markBytes, whole: head.length < length }, config, dialect)
    if (preamble !== undefined) return preamble
  }
  const lines = (config.skipLines ?? 0) + headerLines(config)
  throw new HeadgateError(
    'InvalidHeader',
    `${content.name}: the first ${lines} lines are longer than ${mostPreambleBytes >> 20} MiB; is this a text file with line ends?`,
  )
}
