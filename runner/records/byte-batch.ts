// ByteBatch: a RecordBatch that is bytes and offsets. Made by byte formats (csv), read cell by cell by the column program.
import { HeadgateError, type Position, type RecordBatch, type RecordError, type SourceRecord } from '../../sdk/index.ts'

/** How the bytes of a cell are to be understood; the same for every cell of a slice. */
export type CellRules = {
  /** Quote character's byte, -1 for none. A cell is quoted if the byte before its start, within its record, is this. */
  quote: number
  /** Unquoted cells equal to one of these are null. */
  nullTokens: readonly Buffer[]
  /** Whether an empty cell in quotes is null too. */
  quotedEmptyIsNull: boolean
  /** Whether unquoted cells are to be trimmed (spaces and tabs). */
  trim: boolean
  /** Whether cells are UTF-8; if not, only cells of ASCII bytes can be read without `record`. */
  utf8: boolean
  /** Whether unquoted cells are JSON literals, whose numbers never have the notation that a field declares. Default: false. */
  literals?: boolean
  /** Returns the text of an escaped cell; undefined if only `record` can read it. Needed if the batches have escaped cells. */
  unescape?: (bytes: Buffer, start: number, end: number) => string | undefined
}

// Properties of batches. Symbols, because the batch of a plugin may have a property of any name.
const hasCells = Symbol('hasCells')
const quotesNothing = Symbol('quotesNothing')

/** What a framer passes; see the fields of ByteBatch. */
export type ByteBatchParts = Pick<ByteBatch, 'bytes' | 'size' | 'width' | 'cells' | 'rows' | 'plain' | 'rules' | 'fields' | 'next' | 'origin'> & {
  parse: (raw: Buffer) => SourceRecord | RecordProblem
  /** See `warning`. */
  warn?: (raw: Buffer) => RecordError | undefined
  /** Problems of records that do not follow from their bytes alone. */
  notes?: ReadonlyMap<number, RecordProblem>
  /** See RecordBatch. Default: true. */
  complete?: boolean
  /** The source's bytes for those of a record, if `bytes` were made from another encoding. */
  original?: ((framed: Buffer) => Buffer) | undefined
}

export class ByteBatch implements RecordBatch {
  readonly [hasCells] = true
  readonly [quotesNothing] = true
  /** Source bytes of the whole batch. Valid until the next batch of the slice is requested. */
  readonly bytes: Buffer
  readonly size: number
  /** Set by the extractor if the slice has several inputs. */
  readonly input: number | undefined = undefined
  /** Cells per record, those of the first `width` of `fields`. */
  readonly width: number
  /**
   * Start and end within `bytes` of each cell's content (without quotes): 2 × width × size numbers, record by record. The end of an
   * escaped cell is negative, `~end`; its text is what `rules.unescape` returns. Meaningless where `plain` is 0.
   */
  readonly cells: Int32Array
  /** Start and end within `bytes` of each record, without its terminator: 2 × size numbers. */
  readonly rows: Int32Array
  /**
   * 1 if the record has exactly `width` cells, unambiguous framing, and cells whose content is their bytes or can be unescaped. 0 if
   * only `record` can read it.
   */
  readonly plain: Uint8Array
  readonly rules: CellRules
  readonly fields: readonly string[]
  readonly complete: boolean
  readonly next: Position
  /** Offset of `bytes[0]` in the input's (decompressed) bytes. */
  readonly origin: number
  /** The last record that `problem` parsed, because `record` is usually called for it next. */
  #parsed: { index: number; record: SourceRecord } | undefined
  readonly #notes: ReadonlyMap<number, RecordProblem> | undefined
  readonly #warn: ByteBatchParts['warn']
  readonly #parse: (raw: Buffer) => SourceRecord | RecordProblem
  readonly #original: ByteBatchParts['original']

  constructor(parts: ByteBatchParts) {
    this.bytes = parts.bytes
    this.size = parts.size
    this.width = parts.width
    this.cells = parts.cells
    this.rows = parts.rows
    this.plain = parts.plain
    this.rules = parts.rules
    this.fields = parts.fields
    this.complete = parts.complete ?? true
    this.next = parts.next
    this.origin = parts.origin
    this.#parse = parts.parse
    this.#warn = parts.warn
    this.#notes = parts.notes
    this.#original = parts.original
  }

  /** The exact bytes in the source, in its own encoding. */
  raw(index: number): Buffer {
    const framed = this.#framed(index)
    return this.#original === undefined ? framed : this.#original(framed)
  }

  record(index: number): SourceRecord {
    const parsed = this.#parsed?.index === index ? this.#parsed.record : this.#parse(this.#framed(index))
    // Returned once, because the caller may change it.
    this.#parsed = undefined
    if (isProblem(parsed)) throw new HeadgateError('Internal', `record ${index} has a problem and no values: ${parsed.message}`)
    return parsed
  }

  order(index: number): number {
    return this.origin + (this.rows[2 * index] as number)
  }

  problem(index: number): RecordError | undefined {
    if (this.plain[index] === 1) return undefined
    const note = this.#notes?.get(index)
    if (note !== undefined) return note
    const parsed = this.#parse(this.#framed(index))
    if (isProblem(parsed)) return parsed
    this.#parsed = { index, record: parsed }
    return undefined
  }

  warning(index: number): RecordError | undefined {
    return this.plain[index] === 1 ? undefined : this.#warn?.(this.#framed(index))
  }

  /** The record's bytes within `bytes`. */
  #framed(index: number): Buffer {
    return this.bytes.subarray(this.rows[2 * index], this.rows[2 * index + 1])
  }
}

/** Whether problems and warnings of the batch come from a built-in format, which quotes no value in them. */
export function isWordedSafely(batch: RecordBatch): boolean {
  return (batch as Partial<ByteBatch>)[quotesNothing] === true
}

/** The batch as cells in bytes; undefined if its records can only be read one by one. */
export function cellsOf(batch: RecordBatch): ByteBatch | undefined {
  return (batch as Partial<ByteBatch>)[hasCells] === true ? (batch as ByteBatch) : undefined
}

/** Symbol-free test: a parsed record never has this class. */
export class RecordProblem implements RecordError {
  readonly code: string
  readonly message: string

  constructor(code: string, message: string) {
    this.code = code
    this.message = message
  }
}

function isProblem(parsed: SourceRecord | RecordProblem): parsed is RecordProblem {
  return parsed instanceof RecordProblem
}

/** Index into `cells` of the start of a cell; its end follows. `width` is the number of cells per record. */
export function cellAt(record: number, column: number, width: number): number {
  return 2 * (record * width + column)
}
