// Records: the slow path, which decides what a record says or why it says nothing. It reads the cells that RecordFramer
// finds, and no second parser: a record must mean here exactly what it was framed as, and csv-parse knows neither the
// recovery rules nor an escape that leaves other characters alone. Tests hold it against csv-parse on well-formed input.
import type { CsvFormat as CsvConfig } from '../../../crds/pipeline.ts'
import type { SourceRecord } from '../../../sdk/index.ts'
import { type CellRules, RecordProblem } from '../../records/byte-batch.ts'
import type { TextEncoding } from '../encoding.ts'
import type { Dialect } from './dialect.ts'
import { Kind, RecordFramer } from './record-framer.ts'

export class RecordParser {
  readonly rules: CellRules
  readonly #config: CsvConfig
  readonly #dialect: Dialect
  readonly #encoding: TextEncoding
  readonly #fields: readonly string[]
  readonly #framer: RecordFramer
  readonly #cells: Int32Array

  constructor(config: CsvConfig, dialect: Dialect, encoding: TextEncoding, fields: readonly string[]) {
    this.#config = config
    this.#dialect = dialect
    this.#encoding = encoding
    this.#fields = fields
    this.#framer = new RecordFramer(dialect)
    this.#cells = new Int32Array(2 * fields.length)
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
    const framer = this.#framer
    const width = this.#fields.length
    if (raw.length > this.#dialect.maxRecordBytes) return this.#tooLong()
    const kind = framer.frame(raw, 0, raw.length, true, this.#cells, 0, width)
    if (kind === Kind.BadQuote) return new RecordProblem('csv.quote', `a quote stands inside ${this.#nameOf(framer.count)} where none may: quotes must surround the whole field`)
    if (kind === Kind.Unterminated) return new RecordProblem('csv.unterminated', `the quote that opens ${this.#nameOf(framer.count)} is never closed`)
    if (framer.count !== width && !this.#tolerates(framer.count)) {
      return new RecordProblem('csv.columns', `expected ${width} fields and found ${framer.count}`)
    }
    return this.#record(raw, Math.min(framer.count, width))
  }

  #record(raw: Buffer, count: number): SourceRecord | RecordProblem {
    const entries: [string, string | null][] = []
    for (const [index, field] of this.#fields.entries()) {
      const value = index < count ? this.#value(raw, this.#cells[2 * index] as number, this.#cells[2 * index + 1] as number) : null
      if (value === undefined) return new RecordProblem('encoding.invalid', `${this.#nameOf(index)} holds bytes that are not ${this.#encoding.name}`)
      entries.push([field, value])
    }
    return Object.fromEntries(entries)
  }

  /** Undefined if the bytes are no text. */
  #value(raw: Buffer, start: number, end: number): string | null | undefined {
    const { quote, trim } = this.#dialect
    const quoted = quote.length > 0 && start >= quote.length && raw.compare(quote, 0, quote.length, start - quote.length, start) === 0
    if (quoted) {
      if (start === end && this.rules.quotedEmptyIsNull) return null
      return this.#encoding.decode(this.#framer.exact ? raw.subarray(start, end) : this.#unescaped(raw.subarray(start, end)))
    }
    const cell = trim ? trimmed(raw.subarray(start, end)) : raw.subarray(start, end)
    return this.rules.nullTokens.some((token) => token.equals(cell)) ? null : this.#encoding.decode(cell)
  }

  #unescaped(cell: Buffer): Buffer {
    const { quote, escape } = this.#dialect
    if (escape === 'none') return cell
    const mark = escape === 'doubling' ? quote : escape
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
    return new RecordProblem('csv.tooLong', `the record is longer than ${this.#dialect.maxRecordBytes} bytes; its beginning is kept (format.csv.maxRecordBytes allows more)`)
  }

  #nameOf(index: number): string {
    const name = this.#fields[index]
    return name === undefined ? `field ${index + 1}` : `field ${index + 1} (${name})`
  }
}

function startsAt(bytes: Buffer, token: Buffer, at: number): boolean {
  return at + token.length <= bytes.length && bytes.compare(token, 0, token.length, at, at + token.length) === 0
}

function trimmed(cell: Buffer): Buffer {
  let start = 0
  let end = cell.length
  while (start < end && isBlank(cell[start])) start++
  while (end > start && isBlank(cell[end - 1])) end--
  return cell.subarray(start, end)
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9
}
