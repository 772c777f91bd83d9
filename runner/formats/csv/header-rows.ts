// HeaderRows: recognises header lines that stand again among the records, by what their cells mean: two files put together.
import { cellAt } from '../../records/byte-batch.ts'
import type { Frames } from '../../records/frames.ts'
import type { TextEncoding } from '../../text/encoding.ts'
import type { Dialect } from './dialect.ts'
import { Kind, RecordFramer } from './record-framer.ts'

/** Texts of the cells of one header line, without spaces around them. */
export type HeaderRow = readonly string[]

/** Gives a cell's text; `undefined` if its bytes are none. */
export type CellText = (raw: Buffer, start: number, end: number) => string | undefined

/** The header lines that are distinguishable from a record: those with at least two names. */
export function tellable(rows: readonly HeaderRow[]): HeaderRow[] {
  return rows.filter((row) => row.filter((cell) => cell !== '').length > 1)
}

type Row = { names: HeaderRow; first: Buffer; last: Buffer }

const mark = Buffer.from('\ufeff')

export class HeaderRows {
  readonly #rows: readonly Row[]
  readonly #dialect: Dialect
  readonly #framer: RecordFramer
  readonly #mark: Buffer
  readonly #cells: Int32Array

  constructor(rows: readonly HeaderRow[], dialect: Dialect, encoding: TextEncoding) {
    this.#rows = rows.map((names) => ({ names, first: encoding.encode(names[0] as string), last: encoding.encode(names.at(-1) as string) }))
    this.#dialect = dialect
    // Spaces around quotes do not matter in a header.
    this.#framer = new RecordFramer({ ...dialect, trim: true })
    this.#mark = encoding.utf8 ? mark : encoding.encode('\ufeff')
    this.#cells = new Int32Array(2 * Math.max(1, ...rows.map((row) => row.length)))
  }

  /** Whether a framed record, without its terminator, is one of the header lines, ignoring quotes, spaces and byte order mark. */
  isHeader(raw: Buffer, textOf: CellText): boolean {
    if (!this.#rows.some(({ first }) => this.#mayBegin(raw, first))) return false
    const bytes = raw.subarray(0, this.#mark.length).equals(this.#mark) ? raw.subarray(this.#mark.length) : raw
    const framer = this.#framer
    const cells = this.#cells
    if (framer.frame(bytes, 0, bytes.length, true, cells, 0, cells.length / 2) !== Kind.Record) return false
    const says = (name: string, column: number) => textOf(bytes, cells[2 * column] as number, cells[2 * column + 1] as number)?.trim() === name
    return this.#rows.some(({ names }) => names.length === framer.count && names.every(says))
  }

  /** Takes records that may be a header line from the plain ones, so that `isHeader` is asked. */
  doubt({ plain, cells, width, size }: Frames, bytes: Buffer): void {
    for (const { first, last } of this.#rows) {
      for (let row = 0; row < size; row++) {
        if (plain[row] !== 1) continue
        const at = cellAt(row, 0, width)
        const end = cellAt(row, width - 1, width)
        if (!resembles(bytes, cells[at] as number, cells[at + 1] as number, first)) continue
        if (resembles(bytes, cells[end] as number, cells[end + 1] as number, last)) plain[row] = 0
      }
    }
  }

  /** Compares the first name first, because most records of the slow path begin with another value. */
  #mayBegin(bytes: Buffer, name: Buffer): boolean {
    if (name.length === 0) return true
    const quote = this.#dialect.quote[0]
    let at = 0
    while (at < bytes.length && bytes[at] !== name[0] && (isAround(bytes[at] as number) || bytes[at] === quote)) at++
    return bytes[at] === name[0]
  }
}

/** Whether the bytes are the name with nothing but spaces, control characters and bytes beyond ASCII around it. */
function resembles(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  let from =
    end - start >= mark.length && bytes[start] === mark[0] && bytes[start + 1] === mark[1] && bytes[start + 2] === mark[2] ? start + mark.length : start
  while (from < end && bytes[from] !== name[0] && isAround(bytes[from] as number)) from++
  if (end - from < name.length) return false
  for (let index = 0; index < name.length; index++) {
    if (bytes[from + index] !== name[index]) return false
  }
  for (let at = from + name.length; at < end; at++) {
    if (!isAround(bytes[at] as number)) return false
  }
  return true
}

function isAround(byte: number): boolean {
  return byte <= 32 || byte >= 128
}
