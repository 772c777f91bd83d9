// Dialect: the format's configuration, resolved for one input and turned into bytes of its encoding.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'

export type Dialect = {
  delimiter: Buffer
  /** Empty for none. */
  quote: Buffer
  /** How a quote is made literal inside quotes. */
  escaping: 'doubling' | 'none' | Buffer
  /** Empty for none. */
  comment: Buffer
  /** A declared record delimiter that is none of LF, CRLF, CR; empty for none. */
  recordDelimiter: Buffer
  trim: boolean
  maxRecordBytes: number
  /** Fewest and most fields of a record that is not rejected for their number. */
  fewest: number
  most: number
}

/** `encode` gives a text's bytes in the encoding that the records are framed in. */
export function dialectOf(config: CsvConfig, delimiter: string, quote: string, encode: (text: string) => Buffer): Dialect {
  const recordDelimiter = config.recordDelimiter ?? ''
  const dialect: Dialect = {
    delimiter: encode(delimiter),
    quote: encode(quote),
    escaping: escapeOf(config.escape, quote, encode),
    comment: encode(config.comment ?? ''),
    recordDelimiter: /^(\n|\r\n?|)$/.test(recordDelimiter) ? Buffer.alloc(0) : encode(recordDelimiter),
    trim: config.trim ?? false,
    maxRecordBytes: config.maxRecordBytes ?? 1 << 20,
    fewest: 0,
    most: Infinity,
  }
  refuseContradictions(config, delimiter, quote)
  return dialect
}

/** The dialect of an input whose records have `width` fields. */
export function withFields(dialect: Dialect, width: number, ragged: CsvConfig['ragged']): Dialect {
  return { ...dialect, fewest: ragged === 'pad' || ragged === 'adapt' ? 0 : width, most: ragged === 'truncate' || ragged === 'adapt' ? Infinity : width }
}

/**
 * The fewest bytes of a record that is not rejected for the number of its fields: its delimiters, or a byte if it needs none, because a
 * blank line is no record; and a line end, of which LF and CR are the shortest in every dialect. Only the input's last record may lack
 * that.
 */
export function leastRecordBytes({ delimiter, fewest }: Dialect): number {
  return Math.max(1, (fewest - 1) * delimiter.length) + 1
}

/** Whether the tight framer understands it; everything else is framed by RecordFramer alone. */
export function isSimple(dialect: Dialect): boolean {
  const { delimiter, quote, escaping, comment, recordDelimiter } = dialect
  return delimiter.length === 1 && quote.length <= 1 && typeof escaping === 'string' && comment.length === 0 && recordDelimiter.length === 0
}

/** Bytes that must be there beyond a place to know what stands at it. */
export function lookahead(dialect: Dialect): number {
  const escaping = typeof dialect.escaping === 'string' ? 0 : dialect.escaping.length
  return dialect.quote.length + escaping + Math.max(2, dialect.delimiter.length, dialect.recordDelimiter.length, dialect.comment.length, dialect.quote.length)
}

function escapeOf(escaping: string | undefined, quote: string, encode: (text: string) => Buffer): Dialect['escaping'] {
  if (quote === '' || escaping === '') return 'none'
  return escaping === undefined || escaping === quote ? 'doubling' : encode(escaping)
}

function refuseContradictions(config: CsvConfig, delimiter: string, quote: string): void {
  const refuse = (what: string): never => {
    throw new HeadgateError('InvalidConfig', `format.csv: ${what}`)
  }
  if (/[\r\n]/.test(delimiter)) refuse('delimiter holds a line end; records end at LF, CRLF and CR')
  if (/[\r\n]/.test(quote)) refuse('quote is a line end; choose another character, or "" for none')
  if (quote !== '' && delimiter.includes(quote)) refuse(`delimiter ${JSON.stringify(delimiter)} holds the quote ${quote}; they must differ`)
  const escaping = config.escape ?? ''
  if (escaping !== '' && escaping !== quote && (delimiter.includes(escaping) || /[\r\n]/.test(escaping)))
    refuse('escape is part of the delimiter or a line end')
  if (config.recordDelimiter === delimiter) refuse('recordDelimiter and delimiter are the same')
}
