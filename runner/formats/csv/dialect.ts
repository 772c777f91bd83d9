// Dialect: the format's configuration, resolved for one input and turned into bytes of its encoding.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'

export const lineFeed = 10
export const carriageReturn = 13

export type Dialect = {
  delimiter: Buffer
  /** Empty for none. */
  quote: Buffer
  /** How a quote is made literal inside quotes. */
  escape: 'doubling' | 'none' | Buffer
  /** Empty for none. */
  comment: Buffer
  /** A declared record delimiter that is none of LF, CRLF, CR; empty for none. */
  recordDelimiter: Buffer
  trim: boolean
  maxRecordBytes: number
}

/** `encode` gives a text's bytes in the encoding that the records are framed in. */
export function dialectOf(config: CsvConfig, delimiter: string, quote: string, encode: (text: string) => Buffer): Dialect {
  const recordDelimiter = config.recordDelimiter ?? ''
  const dialect: Dialect = {
    delimiter: encode(delimiter),
    quote: encode(quote),
    escape: escapeOf(config.escape, quote, encode),
    comment: encode(config.comment ?? ''),
    recordDelimiter: /^(\n|\r\n?|)$/.test(recordDelimiter) ? Buffer.alloc(0) : encode(recordDelimiter),
    trim: config.trim ?? false,
    maxRecordBytes: config.maxRecordBytes ?? 1 << 20,
  }
  refuseContradictions(config, delimiter, quote)
  return dialect
}

/** Whether the tight framer understands it; everything else is framed by RecordFramer alone. */
export function isSimple(dialect: Dialect): boolean {
  const { delimiter, quote, escape, comment, recordDelimiter } = dialect
  return delimiter.length === 1 && quote.length <= 1 && typeof escape === 'string' && comment.length === 0 && recordDelimiter.length === 0
}

/** Bytes that must be there beyond a place to know what stands at it. */
export function lookahead(dialect: Dialect): number {
  const escape = typeof dialect.escape === 'string' ? 0 : dialect.escape.length
  return dialect.quote.length + escape + Math.max(2, dialect.delimiter.length, dialect.recordDelimiter.length, dialect.comment.length, dialect.quote.length)
}

function escapeOf(escape: string | undefined, quote: string, encode: (text: string) => Buffer): Dialect['escape'] {
  if (quote === '' || escape === '') return 'none'
  return escape === undefined || escape === quote ? 'doubling' : encode(escape)
}

function refuseContradictions(config: CsvConfig, delimiter: string, quote: string): void {
  const refuse = (what: string): never => {
    throw new HeadgateError('InvalidConfig', `format.csv: ${what}`)
  }
  if (/[\r\n]/.test(delimiter)) refuse('delimiter holds a line end; records end at LF, CRLF and CR')
  if (/[\r\n]/.test(quote)) refuse('quote is a line end; choose another character, or "" for none')
  if (quote !== '' && delimiter.includes(quote)) refuse(`delimiter ${JSON.stringify(delimiter)} holds the quote ${quote}; they must differ`)
  const escape = config.escape ?? ''
  if (escape !== '' && escape !== quote && (delimiter.includes(escape) || /[\r\n]/.test(escape))) refuse('escape is part of the delimiter or a line end')
  if (config.recordDelimiter === delimiter) refuse('recordDelimiter and delimiter are the same')
}
