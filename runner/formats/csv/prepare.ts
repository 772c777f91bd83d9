// What must be known of an input before its records are read: compression, encoding, dialect, fields, where data starts.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'
import { type Bytes, headOf, skipping } from '../byte-stream.ts'
import { type Compression, decompressed, detectCompression } from '../compression.ts'
import { encodingOf, type TextEncoding } from '../encoding.ts'
import { refuseForeign } from '../foreign.ts'
import type { Content } from '../format.ts'
import { type Dialect, dialectOf, withFields } from './dialect.ts'
import { fieldNames, headerLines, headerRows, likelierOf, type Preamble, preambleOf } from './header.ts'
import { HeaderRows, tellable } from './header-rows.ts'
import { sniff } from './sniff.ts'

const headBytes = 64 << 10
const mostPreambleBytes = 64 << 20

export type PreparedInput = {
  name: string
  /** Whether it has no bytes at all, not even a header: a delivery of no records. */
  empty: boolean
  dialect: Dialect
  encoding: TextEncoding
  fields: readonly string[]
  /** The header's lines, if they can be told from records: where one stands again, a second table begins. */
  header: HeaderRows
  /** Where records begin, in the bytes that `open` gives. */
  start: number
  /** Whether `open` reaches any offset without reading what is before it. */
  seekable: boolean
  /** Decompressed bytes from `offset` on, in the encoding that records are framed in. */
  open(offset: number): Bytes
}

export async function prepare(content: Content, config: CsvConfig, declaredFields: readonly string[]): Promise<PreparedInput> {
  const compression = await compressionOf(content, config)
  const plainHead = await headOf(decompressed(content.open(0), compression, content.name), headBytes)
  const empty = plainHead.length === 0
  refuseForeign(plainHead, content.name)
  const quote = config.quote ?? '"'
  const declared = config.delimiter ?? ','
  const tokens = [declared === 'auto' ? ',;\t ' : declared, quote, config.escape ?? '', config.comment ?? '', config.recordDelimiter ?? '']
  const encoding = encodingOf(config.encoding, plainHead, tokens)
  const seekable = compression === 'none' && encoding.transcode === undefined
  const open = (offset: number): Bytes => {
    if (seekable) return content.open(offset)
    const plain = decompressed(content.open(0), compression, content.name)
    const framed = encoding.transcode === undefined ? plain : encoding.transcode(plain)
    return offset === 0 ? framed : skipping(framed, offset)
  }
  const { delimiter, quote: found } =
    declared === 'auto' && !empty ? sniff(await headOf(open(0), headBytes), config, content.name) : { delimiter: empty ? ',' : declared, quote }
  const dialect = dialectOf(config, delimiter, found, encoding.encode)
  const rowsOf = (reading: Preamble) => headerRows(reading, dialect, encoding, content.name)
  const preamble = likelierOf(await readPreamble(open, config, dialect, content.name), declaredFields, rowsOf)
  const rows = rowsOf(preamble)
  const fields = empty ? [...declaredFields] : fieldNames(rows, config, declaredFields, content.name)
  const header = new HeaderRows(tellable(rows), dialect, encoding)
  return {
    name: content.name,
    empty,
    dialect: withFields(dialect, fields.length, config.ragged),
    encoding,
    fields,
    header,
    start: preamble.start,
    seekable,
    open,
  }
}

async function compressionOf(content: Content, config: CsvConfig): Promise<Compression> {
  if (config.compression !== undefined && config.compression !== 'auto') return config.compression
  return detectCompression(await headOf(content.open(0), 4))
}

async function readPreamble(open: (offset: number) => Bytes, config: CsvConfig, dialect: Dialect, name: string): Promise<Preamble> {
  for (let length = headBytes; length <= mostPreambleBytes; length *= 8) {
    const head = await headOf(open(0), length)
    const preamble = preambleOf(head, head.length < length, config, dialect)
    if (preamble !== undefined) return preamble
  }
  const lines = (config.skipLines ?? 0) + headerLines(config)
  throw new HeadgateError(
    'InvalidHeader',
    `${name}: the first ${lines} lines are longer than ${mostPreambleBytes >> 20} MiB; is this a text file with line ends?`,
  )
}
