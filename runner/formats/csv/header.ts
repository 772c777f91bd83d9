// Header: what precedes the records. Its lines are physical ones, so that a stray quote in them cannot swallow data.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import { HeadgateError } from '../../../sdk/index.ts'
import { RecordProblem } from '../../records/byte-batch.ts'
import type { TextEncoding } from '../../text/encoding.ts'
import type { Dialect } from './dialect.ts'
import { Kind, RecordFramer } from './record-framer.ts'
import { RecordParser } from './records.ts'

/** PostgreSQL allows no more columns in a table. */
const mostColumns = 1600
const mostCells = 8192

/**
 * `start` is where the lines after it begin. `spanning` is how it reads if a quoted name of its single line goes on in the next ones,
 * or if a stray quote only makes it look so: which of both, the declared fields must tell.
 */
export type Preamble = { lines: Buffer[]; start: number; spanning?: Preamble }

/** Number of header lines. */
export function headerLines(config: CsvConfig): number {
  return typeof config.header === 'number' ? config.header : config.header === false ? 0 : 1
}

/**
 * Passes the lines to skip from `from` on, behind the byte order mark, and takes the header's lines; blank lines and comments between them
 * do not count. Undefined if `head` ends too early, unless it is the whole input.
 */
export function preambleOf(head: Buffer, { from, whole }: { from: number; whole: boolean }, config: CsvConfig, dialect: Dialect): Preamble | undefined {
  const framer = new RecordFramer(dialect)
  const lines: Buffer[] = []
  let start = from
  let skip = config.skipLines ?? 0
  const wanted = headerLines(config)
  while (skip > 0 || lines.length < wanted) {
    const found = framer.lineEnd(head, start, head.length, head.length)
    if (found < 0 && !whole) return undefined
    const end = found < 0 ? head.length : found
    const next = found < 0 ? end : end + framer.terminator(end)
    // The second half of a CRLF may not be there yet.
    if (next === head.length && !whole) return undefined
    const line = head.subarray(start, end)
    const counts = line.length > 0 && !(dialect.comment.length > 0 && line.subarray(0, dialect.comment.length).equals(dialect.comment))
    if (skip > 0) skip--
    else if (counts) lines.push(line)
    if (next === start) break
    if (skip === 0 && wanted === 1 && lines.length === 1) return withSpanning({ lines, start: next }, start, head, whole, dialect)
    start = next
  }
  return { lines, start }
}

function withSpanning(preamble: Preamble, start: number, head: Buffer, whole: boolean, dialect: Dialect): Preamble {
  const framer = new RecordFramer(dialect)
  const kind = framer.frame(head, start, head.length, whole, new Int32Array(0), 0, 0)
  if (kind !== Kind.Record || framer.next <= preamble.start) return preamble
  return { ...preamble, spanning: { lines: [head.subarray(start, framer.end)], start: framer.next } }
}

/** The reading of the header that has more of the declared names; of one line, if both have as many. */
export function likelierOf(preamble: Preamble, declared: readonly string[], rowsOf: (preamble: Preamble) => string[][]): Preamble {
  const { spanning } = preamble
  if (spanning === undefined) return preamble
  const names = new Set(declared)
  const known = (reading: Preamble) => {
    try {
      const cells = rowsOf(reading).flat()
      return cells.filter((name) => names.has(name)).length
    } catch {
      // Bytes that are no text: a reading of several lines has then taken in records.
      return -1
    }
  }
  return known(spanning) > known(preamble) ? spanning : preamble
}

/** Texts of the header's cells, line by line. Throws InvalidHeader. */
export function headerRows(preamble: Preamble, dialect: Dialect, encoding: TextEncoding, name: string): string[][] {
  return preamble.lines.map((line) => cellsOf(line, dialect, encoding, name))
}

/** Names of the columns. Throws InvalidHeader. */
export function fieldNames(rows: readonly (readonly string[])[], config: CsvConfig, declared: readonly string[], name: string): string[] {
  const wanted = headerLines(config)
  if (wanted === 0) return checked([...declared], name)
  if (rows.length < wanted) throw invalid(name, rows.length === 0 ? 'has no header line' : `has ${rows.length} header lines instead of ${wanted}`)
  const width = Math.max(...rows.map((row) => row.length))
  const names = Array.from({ length: width }, (_, column) =>
    rows
      .map((row) => row[column] ?? '')
      .filter((part) => part !== '')
      .join(' '),
  )
  return checked(names, name)
}

function checked(names: string[], name: string): string[] {
  if (names.length > mostColumns)
    throw invalid(
      name,
      `has ${names.length >= mostCells ? 'more than 8,000' : names.length} columns; PostgreSQL tables have at most ${mostColumns}. Is the delimiter right?`,
    )
  const seen = new Map<string, number>()
  for (const [index, column] of names.entries()) {
    if (column === '')
      throw invalid(
        name,
        `names no column ${index + 1} in its header (a delimiter at the line's end, perhaps); name it, or skip the line with skipLines and set header: false`,
      )
    const first = seen.get(column)
    if (first !== undefined) throw invalid(name, `gives columns ${first + 1} and ${index + 1} the same name; names must differ`)
    seen.set(column, index)
  }
  return names
}

function cellsOf(line: Buffer, dialect: Dialect, encoding: TextEncoding, name: string): string[] {
  const count = countOf(line, dialect)
  // A line with a stray quote is cut at delimiters alone, and its quotes are dropped.
  if (count === undefined) return cutAlone(line, dialect, encoding, name)
  const columns = Array.from({ length: Math.min(count, mostCells) }, (_, index) => String(index))
  const record = new RecordParser({ ragged: 'truncate' }, lineDialect(line, dialect), encoding, columns).parse(line)
  if (record instanceof RecordProblem) throw undecodable(name, encoding)
  return columns.map((column) => String(record[column] ?? '').trim())
}

function cutAlone(line: Buffer, dialect: Dialect, encoding: TextEncoding, name: string): string[] {
  const text = encoding.decode(line)
  if (text === undefined) throw undecodable(name, encoding)
  const cells = text.split(encoding.decode(dialect.delimiter) as string)
  return cells.slice(0, mostCells).map((cell) => cell.replaceAll(encoding.decode(dialect.quote) as string, '').trim())
}

/** Number of cells; undefined if quotes are not in order. */
function countOf(line: Buffer, dialect: Dialect): number | undefined {
  const framer = new RecordFramer(lineDialect(line, dialect))
  return framer.frame(line, 0, line.length, true, new Int32Array(0), 0, 0) === Kind.Record ? framer.count : undefined
}

function lineDialect(line: Buffer, dialect: Dialect): Dialect {
  return { ...dialect, maxRecordBytes: line.length, comment: Buffer.alloc(0) }
}

function undecodable(name: string, encoding: TextEncoding): HeadgateError {
  return invalid(name, `has a header that is not ${encoding.name}; set format.csv.encoding`)
}

function invalid(name: string, what: string): HeadgateError {
  return new HeadgateError('InvalidHeader', `${name} ${what}`)
}
