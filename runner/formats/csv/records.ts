// Records: the slow path, which decides what a record says or why it says nothing. It reads the cells that RecordFramer
// finds, and no second parser: a record must mean here exactly what it was framed as, and csv-parse knows neither the
// recovery rules nor an escape that leaves other characters alone. Tests hold it against csv-parse on well-formed input.
import { isAscii } from 'node:buffer'
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import type { SourceRecord } from '../../../sdk/index.ts'
import { type CellRules, RecordProblem } from '../../records/byte-batch.ts'
import type { TextEncoding } from '../../text/encoding.ts'
import type { Dialect } from './dialect.ts'
import { type CellText, HeaderRows } from './header-rows.ts'
import { Kind, RecordFramer } from './record-framer.ts'

const ascii = Buffer.from(Array.from({ length: 128 }, (_, byte) => byte))

export class RecordParser {
  readonly rules: CellRules
  readonly #config: CsvConfig
  readonly #dialect: Dialect
  readonly #encoding: TextEncoding
  readonly #fields: readonly string[]
  readonly #header: HeaderRows
  readonly #textOf: CellText
  readonly #framer: RecordFramer
  readonly #cells: Int32Array
  readonly #asciiIsText: boolean

  /** `header`: lines that are no record, wherever they stand. */
  constructor(config: CsvConfig, dialect: Dialect, encoding: TextEncoding, fields: readonly string[], header = new HeaderRows([], dialect, encoding)) {
    this.#config = config
    this.#dialect = dialect
    this.#encoding = encoding
    this.#fields = fields
    this.#header = header
    this.#textOf = (raw, start, end) => this.#encoding.decode(this.#isQuoted(raw, start) ? this.#unescaped(raw.subarray(start, end)) : raw.subarray(start, end))
    this.#framer = new RecordFramer(dialect)
    this.#cells = new Int32Array(2 * fields.length)
    this.#asciiIsText = encoding.decode(ascii) === ascii.toString('latin1')
    this.rules = {
      quote: dialect.quote.length === 1 ? (dialect.quote[0] as number) : -1,
      nullTokens: (config.nullTokens ?? ['']).map((token) => encoding.encode(token)),
      quotedEmptyIsNull: config.quotedEmpty === 'null',
      trim: dialect.trim,
      utf8: encoding.utf8,
    }
  }

  /** `raw` are the framed bytes of one record without its terminator. */
  parse(raw: Buffer): SourceRecord | RecordProblem {
    if (this.#header.isHeader(raw, this.#textOf))
      return new RecordProblem('csv.header', 'the header line stands here again: two files put together, or two tables in one file')
    const framer = this.#framer
    const width = this.#fields.length
    if (raw.length > this.#dialect.maxRecordBytes) return this.#tooLong()
    const kind = framer.frame(raw, 0, raw.length, true, this.#cells, 0, width)
    if (kind === Kind.BadQuote)
      return new RecordProblem('csv.quote', `a quote stands inside ${this.#nameOf(framer.count - 1)} where none may: quotes must surround the whole field`)
    if (kind === Kind.Unterminated) return new RecordProblem('csv.unterminated', `the quote that opens ${this.#nameOf(framer.count)} is not closed`)
    if (framer.count !== width && !this.#tolerates(framer.count)) {
      return new RecordProblem('csv.columns', `expected ${width} fields and found ${framer.count}`)
    }
    return this.#record(raw, Math.min(framer.count, width))
  }

  /** Values too many that are dropped, of a record without a problem. */
  warning(raw: Buffer): RecordProblem | undefined {
    const { ragged } = this.#config
    if (ragged !== 'truncate' && ragged !== 'adapt') return undefined
    const width = this.#fields.length
    const framer = this.#framer
    framer.frame(raw, 0, raw.length, true, this.#cells, 0, 0)
    if (framer.count <= width) return undefined
    const { count } = framer
    const cells = new Int32Array(2 * count)
    framer.frame(raw, 0, raw.length, true, cells, 0, count)
    for (let column = width; column < count; column++) {
      const value = this.#value(raw, undefined, cells[2 * column] as number, cells[2 * column + 1] as number)
      if (value !== null && value?.trim() !== '')
        return new RecordProblem('csv.surplus', `${count} fields instead of ${width}, and not all too many are empty: they are not loaded`)
    }
    return undefined
  }

  #record(raw: Buffer, count: number): SourceRecord | RecordProblem {
    // Most records are ASCII, and cutting one text is much faster than decoding every cell.
    const text = this.#asciiIsText && isAscii(raw) ? raw.toString('latin1') : undefined
    const record: SourceRecord = {}
    for (let index = 0; index < this.#fields.length; index++) {
      const value = index < count ? this.#value(raw, text, this.#cells[2 * index] as number, this.#cells[2 * index + 1] as number) : null
      if (value === undefined) return new RecordProblem('encoding.invalid', `${this.#nameOf(index)} holds bytes that are not ${this.#encoding.name}`)
      set(record, this.#fields[index] as string, value)
    }
    return record
  }

  /** `text` is all of `raw` if it is ASCII. Undefined if the bytes are no text. */
  #value(raw: Buffer, text: string | undefined, start: number, end: number): string | null | undefined {
    const { trim } = this.#dialect
    if (this.#isQuoted(raw, start)) {
      if (start === end && this.rules.quotedEmptyIsNull) return null
      if (!this.#framer.exact) return this.#encoding.decode(this.#unescaped(raw.subarray(start, end)))
    } else {
      if (trim) [start, end] = trimmed(raw, start, end)
      if (this.rules.nullTokens.some((token) => token.length === end - start && startsAt(raw, token, start))) return null
    }
    return text === undefined ? this.#encoding.decode(raw.subarray(start, end)) : text.substring(start, end)
  }

  #isQuoted(raw: Buffer, start: number): boolean {
    const { quote } = this.#dialect
    return quote.length > 0 && start >= quote.length && startsAt(raw, quote, start - quote.length)
  }

  #unescaped(cell: Buffer): Buffer {
    const { quote, escaping } = this.#dialect
    if (escaping === 'none' || !cell.includes(escaping === 'doubling' ? quote : escaping)) return cell
    const mark = escaping === 'doubling' ? quote : escaping
    const pieces: Buffer[] = []
    let from = 0
    for (let at = cell.indexOf(mark); at >= 0; at = cell.indexOf(mark, at)) {
      const behind = at + mark.length
      const literal = startsAt(cell, quote, behind) ? quote : startsAt(cell, mark, behind) ? mark : undefined
      at = behind + (literal?.length ?? 0)
      if (literal === undefined) continue
      pieces.push(cell.subarray(from, behind - mark.length), literal)
      from = at
    }
    return pieces.length === 0 ? cell : Buffer.concat([...pieces, cell.subarray(from)])
  }

  #tolerates(count: number): boolean {
    const { ragged } = this.#config
    if (ragged === 'adapt') return true
    return count < this.#fields.length ? ragged === 'pad' : ragged === 'truncate'
  }

  #tooLong(): RecordProblem {
    return new RecordProblem(
      'csv.tooLong',
      `the record is longer than ${this.#dialect.maxRecordBytes} bytes; its beginning is kept (format.csv.maxRecordBytes allows more)`,
    )
  }

  #nameOf(index: number): string {
    const name = this.#fields[index]
    return name === undefined ? `field ${index + 1}` : `field ${index + 1} (${name})`
  }
}

function startsAt(bytes: Buffer, token: Buffer, at: number): boolean {
  for (let index = 0; index < token.length; index++) {
    if (bytes[at + index] !== token[index]) return false
  }
  return true
}

function trimmed(bytes: Buffer, start: number, end: number): [number, number] {
  while (start < end && isBlank(bytes[start])) start++
  while (end > start && isBlank(bytes[end - 1])) end--
  return [start, end]
}

/** A field may be named __proto__. */
function set(record: SourceRecord, field: string, value: string | null): void {
  if (field === '__proto__') Object.defineProperty(record, field, { value, enumerable: true, writable: true, configurable: true })
  else record[field] = value
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9
}
