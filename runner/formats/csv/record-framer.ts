// RecordFramer: finds where one record and its cells begin and end, in any dialect. This is the definition of framing;
// FastFramer only does the same, faster, for records beyond doubt. Framing depends on nothing before the record's start.
import { carriageReturn, lineFeed } from '../../text/lines.ts'
import { type Dialect, lookahead } from './dialect.ts'

/**
 * What starts at the position. `More`: unknown without more bytes. `Skipped`: a blank line or a comment, no record.
 * `Long`: more bytes than allowed; Scout finds out whether they are one valid record.
 */
export const Kind = { More: 0, Record: 1, Skipped: 2, BadQuote: 3, Unterminated: 4, Long: 5, LongComment: 6 } as const
export type Kind = (typeof Kind)[keyof typeof Kind]

const space = 32
const tab = 9

export class RecordFramer {
  /** End of the record without its terminator; of a malformed one, of the line it begins in. */
  end = 0
  /** Where the next record starts. After Long and LongComment: from where on to look for the next line end. */
  next = 0
  /** Number of cells. */
  count = 0
  /** Whether each cell's content is its bytes as they stand. */
  exact = true
  readonly #dialect: Dialect
  readonly #lookahead: number
  #bytes: Buffer = Buffer.alloc(0)
  /** End of the bytes there are, and the last of them that can be judged. */
  #size = 0
  #stop = 0
  /** A record must end here at the latest. */
  #limit = 0

  constructor(dialect: Dialect) {
    this.#dialect = dialect
    this.#lookahead = lookahead(dialect)
  }

  /**
   * Frames the record at `start`; `bytes` hold the input up to `size`, and nothing follows if `last`. The first `width`
   * cells' starts and ends go into `cells` from index `at` on.
   */
  frame(bytes: Buffer, start: number, size: number, last: boolean, cells: Int32Array, at: number, width: number): Kind {
    this.#judge(bytes, start, size, last)
    this.count = 0
    this.exact = true
    if (start >= this.#stop) return last ? this.#skipped(size) : Kind.More
    const blank = this.terminator(start)
    if (blank > 0) return this.#skipped(start + blank)
    if (this.at(this.#dialect.comment, start)) return this.#comment(start)
    return this.#cells(start, cells, at, width)
  }

  /** The physical line at `start`, as if it were a record: Record, Skipped if it is blank, Long, or More. */
  line(bytes: Buffer, start: number, size: number, last: boolean): Kind {
    this.#judge(bytes, start, size, last)
    if (start >= this.#stop) return last ? this.#skipped(size) : Kind.More
    const blank = this.terminator(start)
    return blank > 0 ? this.#skipped(start + blank) : this.#line(Kind.Record, start)
  }

  #judge(bytes: Buffer, start: number, size: number, last: boolean): void {
    this.see(bytes, size)
    this.#stop = last ? size : size - this.#lookahead
    this.#limit = start + this.#dialect.maxRecordBytes
  }

  /** How many of `size` bytes can be judged if more follow. */
  judged(size: number): number {
    return size - this.#lookahead
  }

  /** Prepares for questions about single tokens; `bytes` hold the input up to `size`. */
  see(bytes: Buffer, size: number): void {
    this.#bytes = bytes
    this.#size = size
  }

  /** Length of the line end at `position`, 0 if there is none. */
  terminator(position: number): number {
    const { recordDelimiter } = this.#dialect
    if (this.at(recordDelimiter, position)) return recordDelimiter.length
    const byte = this.#bytes[position]
    if (byte === lineFeed) return 1
    if (byte !== carriageReturn) return 0
    return position + 1 < this.#size && this.#bytes[position + 1] === lineFeed ? 2 : 1
  }

  /** Where the line end at or after `from` starts, below `until`; -1 if there is none. `bytes` up to `size` must be there. */
  lineEnd(bytes: Buffer, from: number, until: number, size: number): number {
    this.see(bytes, size)
    const special = this.#dialect.recordDelimiter[0] ?? lineFeed
    for (let position = from; position < until; position++) {
      const byte = bytes[position]
      if ((byte === lineFeed || byte === carriageReturn || byte === special) && this.terminator(position) > 0) return position
    }
    return -1
  }

  #cells(start: number, cells: Int32Array, at: number, width: number): Kind {
    const { delimiter } = this.#dialect
    let position = start
    for (;;) {
      const opening = this.#opening(position)
      const quoted = opening >= 0
      const from = quoted ? opening + this.#dialect.quote.length : position
      const to = quoted ? this.#quotedEnd(from) : this.#unquotedEnd(from)
      if (to < 0) return this.#undecided(start)
      if (this.count < width) {
        cells[at + 2 * this.count] = from
        cells[at + 2 * this.count + 1] = to
      }
      this.count++
      position = quoted ? this.#afterSpaces(to + this.#dialect.quote.length) : to
      if (position > this.#limit) return this.#undecided(start)
      if (position >= this.#stop && this.#stop < this.#size) return Kind.More
      if (position < this.#size && !this.at(delimiter, position) && this.terminator(position) === 0) return this.#line(Kind.BadQuote, start)
      if (position >= this.#stop) return this.#ended(Kind.Record, position, position)
      const ended = this.terminator(position)
      if (ended > 0) return this.#ended(Kind.Record, position, position + ended)
      position += delimiter.length
    }
  }

  /** Where the quote stands that opens the field at `position`, -1 if the field is unquoted. */
  #opening(position: number): number {
    const { quote } = this.#dialect
    if (quote.length === 0) return -1
    const first = this.#afterSpaces(position)
    if (!this.at(quote, first)) return -1
    if (quote.length > 1) this.exact = false
    return first
  }

  /** Spaces around quotes are no matter where values are trimmed. */
  #afterSpaces(position: number): number {
    if (!this.#dialect.trim) return position
    while (position < this.#stop && position <= this.#limit && this.isPadding(position)) position++
    return position
  }

  /** Whether a space stands here that does not matter beside a quote. */
  isPadding(position: number): boolean {
    if (!this.#dialect.trim) return false
    const byte = this.#bytes[position]
    return (byte === space || byte === tab) && !this.at(this.#dialect.delimiter, position)
  }

  /** Place of the closing quote, -1 if it is not reached. */
  #quotedEnd(from: number): number {
    const { quote, escaping } = this.#dialect
    const mark = typeof escaping === 'string' ? quote[0] : escaping[0]
    let position = from
    while (position < this.#stop && position <= this.#limit) {
      const byte = this.#bytes[position]
      if (byte !== quote[0] && byte !== mark) {
        position++
        continue
      }
      const literal = this.literal(position)
      if (literal > 0) {
        position += literal
        this.exact = false
      } else if (this.at(quote, position)) return position
      else position++
    }
    return -1
  }

  /** Length of an escape within quotes, such as a doubled quote; 0 if there is none here. */
  literal(position: number): number {
    const { quote, escaping } = this.#dialect
    if (escaping === 'none') return 0
    const mark = escaping === 'doubling' ? quote : escaping
    if (!this.at(mark, position)) return 0
    const behind = position + mark.length
    if (this.at(quote, behind)) return mark.length + quote.length
    return escaping !== 'doubling' && this.at(mark, behind) ? 2 * mark.length : 0
  }

  /** End of the unquoted field: a delimiter, a line end, the end of input, or a quote that should not be there. -1 if none is reached. */
  #unquotedEnd(from: number): number {
    const { delimiter, quote } = this.#dialect
    let position = from
    while (position < this.#stop && position <= this.#limit) {
      if (this.terminator(position) > 0 || this.at(delimiter, position) || this.at(quote, position)) return position
      position++
    }
    return position <= this.#limit && this.#stop === this.#size ? position : -1
  }

  /** The scan ran into the limit or out of bytes inside a field. */
  #undecided(start: number): Kind {
    if (this.#stop > this.#limit) return this.#long(start)
    return this.#stop < this.#size ? Kind.More : this.#line(Kind.Unterminated, start)
  }

  #line(kind: Kind, start: number): Kind {
    const until = Math.min(this.#stop, this.#limit + 1)
    const end = this.lineEnd(this.#bytes, start, until, this.#size)
    if (end >= 0) return this.#ended(kind, end, end + this.terminator(end))
    if (until > this.#limit) return this.#long(start)
    return this.#stop < this.#size ? Kind.More : this.#ended(kind, this.#stop, this.#stop)
  }

  #ended(kind: Kind, end: number, next: number): Kind {
    this.end = end
    this.next = next
    if (kind !== Kind.Record) this.exact = false
    return kind
  }

  /** One byte more than allowed is kept, so that the record is seen to be too long wherever it is read again. */
  #long(start: number): Kind {
    const end = start + this.#dialect.maxRecordBytes + 1
    return this.#ended(Kind.Long, end, end)
  }

  #skipped(next: number): Kind {
    return this.#ended(Kind.Skipped, next, next)
  }

  #comment(start: number): Kind {
    const until = Math.min(this.#stop, this.#limit + 1)
    const end = this.lineEnd(this.#bytes, start, until, this.#size)
    if (end >= 0) return this.#skipped(end + this.terminator(end))
    if (until > this.#limit) return this.#ended(Kind.LongComment, until, until)
    return this.#stop < this.#size ? Kind.More : this.#skipped(this.#stop)
  }

  /** Whether the token stands at `position`; never if it is empty. */
  at(token: Buffer, position: number): boolean {
    const { length } = token
    if (length === 0 || this.#bytes[position] !== token[0] || position + length > this.#size) return false
    for (let index = 1; index < length; index++) {
      if (this.#bytes[position + index] !== token[index]) return false
    }
    return true
  }
}
