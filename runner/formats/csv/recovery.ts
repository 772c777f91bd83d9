// Recovery: where reading continues after a record that is malformed or longer than allowed. Used by GeneralFramer on the bytes
// that are in memory, and by Scout on those that are not.
//
// The rule. A malformed record costs the physical line it begins in, unless a quote in that line opens a field that is closed
// soundly in a later line: what stands between two such quotes may be the inside of a value and must never be read as records.
// So the line is read from left to right once more, leniently: a quote at the beginning of a field opens it; a quote in it that
// is not made literal closes it, soundly if a delimiter, a line end or the end of input follows. A quote that closes nothing
// soundly opens a field of its own if it stands where one begins. Reading continues behind the first line end outside quotes; if
// a field that goes beyond its line is not closed soundly, the quote was a stray one, and reading continues behind that line.
//
// Rejected alternatives: ending with the line in which the irregularity shows, because a stray quote then costs everything up to
// the next quote; and resuming at any line that frames well, because the lines inside a value may frame well.
//
// The rule depends on nothing before the record's start, so it gives the same records wherever an input is cut at one.
import type { Dialect } from './dialect.ts'
import { RecordFramer } from './record-framer.ts'

const State = { Field: 0, Plain: 1, Quoted: 2, Closed: 3 } as const
type State = (typeof State)[keyof typeof State]

export class Recovery {
  /** Offset in the input at which reading continues; -1 while it is unknown. */
  resume = -1
  /** Offset of the record's end, without its terminator, if it is sound. */
  end = Infinity
  /** Whether some quote of the record is out of order. */
  irregular = false
  readonly #dialect: Dialect
  readonly #tokens: RecordFramer
  #state: State = State.Field
  /** Behind the line in which the present quoted field opens, once it goes beyond it; else -1. */
  #crossed = -1
  /** Behind the last delimiter of a quoted field, as an offset in the input: a quote here might open a field. */
  #afterDelimiter = -1
  #mayReopen = false

  constructor(dialect: Dialect) {
    this.#dialect = dialect
    this.#tokens = new RecordFramer(dialect)
  }

  begin(): void {
    this.resume = -1
    this.end = Infinity
    this.irregular = false
    this.#state = State.Field
    this.#crossed = -1
    this.#afterDelimiter = -1
  }

  /** Reads on from `position` up to `stop`; the bytes up to `size` are there, `bytes[0]` has the offset `origin`. Returns the position reached. */
  follow(bytes: Buffer, position: number, stop: number, size: number, origin: number): number {
    this.#tokens.see(bytes, size)
    let at = position
    while (at < stop && this.resume < 0) {
      if (this.#state === State.Quoted) at = this.#quoted(at, origin)
      else if (this.#state === State.Closed) at = this.#closed(at, origin)
      else at = this.#outside(at, origin)
    }
    return at
  }

  /** There is nothing behind the offset `size`. */
  finish(size: number): void {
    if (this.resume >= 0) return
    if (this.#state !== State.Quoted) this.end = size
    else this.irregular = true
    this.resume = this.#state === State.Quoted && this.#crossed >= 0 ? this.#crossed : size
  }

  #outside(at: number, origin: number): number {
    const { delimiter, quote } = this.#dialect
    const tokens = this.#tokens
    const ended = tokens.terminator(at)
    if (ended > 0) return this.#over(at, ended, origin)
    if (tokens.at(delimiter, at)) {
      this.#state = State.Field
      return at + delimiter.length
    }
    if (tokens.at(quote, at)) {
      if (this.#state === State.Plain) this.irregular = true
      else this.#open()
      return at + quote.length
    }
    if (!tokens.isPadding(at)) this.#state = State.Plain
    return at + 1
  }

  #quoted(at: number, origin: number): number {
    const { delimiter, quote } = this.#dialect
    const tokens = this.#tokens
    const literal = tokens.literal(at)
    if (literal > 0) return at + literal
    if (tokens.at(quote, at)) {
      this.#state = State.Closed
      this.#mayReopen = this.#afterDelimiter === origin + at
      return at + quote.length
    }
    const ended = tokens.terminator(at)
    if (ended > 0) {
      if (this.#crossed < 0) this.#crossed = origin + at + ended
      return at + ended
    }
    if (tokens.at(delimiter, at)) this.#afterDelimiter = origin + at + delimiter.length
    else if (this.#afterDelimiter === origin + at && tokens.isPadding(at)) this.#afterDelimiter++
    return at + 1
  }

  /** Behind a quote that closes a field: soundly, if the field, the record or the input ends here. */
  #closed(at: number, origin: number): number {
    const { delimiter } = this.#dialect
    const tokens = this.#tokens
    if (tokens.isPadding(at)) return at + 1
    const ended = tokens.terminator(at)
    if (ended > 0) return this.#over(at, ended, origin)
    if (tokens.at(delimiter, at)) {
      this.#state = State.Field
      return at + delimiter.length
    }
    this.irregular = true
    if (this.#crossed >= 0) this.resume = this.#crossed
    else if (this.#mayReopen) this.#open()
    else this.#state = State.Plain
    return at
  }

  #open(): void {
    this.#state = State.Quoted
    this.#crossed = -1
    this.#afterDelimiter = -1
  }

  #over(at: number, ended: number, origin: number): number {
    this.end = origin + at
    this.resume = origin + at + ended
    return at + ended
  }
}
