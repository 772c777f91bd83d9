// LinesFramer: a record for each line, which is sound for any JSON: a line feed cannot stand in a string, except escaped.
import type { Frames } from '../../records/frames.ts'
import { afterBlanks, isBlank } from './blank.ts'
import { type Framer, type JsonWindow, Stop } from './blocks.ts'
import { tooLong } from './records.ts'
import type { RowScanner } from './row-scanner.ts'
import { mark } from './scanner.ts'

const lineFeed = 0x0a

export class LinesFramer implements Framer {
  readonly #rows: RowScanner
  readonly #maxRecordBytes: number

  /** The scanner of `rows` must not take line feeds for blank space. */
  constructor(rows: RowScanner, maxRecordBytes: number) {
    this.#rows = rows
    this.#maxRecordBytes = maxRecordBytes
  }

  frame(window: JsonWindow, frames: Frames): Stop {
    const { bytes, size, last } = window
    while (!frames.full) {
      const start = afterBlanks(bytes, window.position, size)
      window.position = start
      if (start === size) return Stop.More
      const found = bytes.indexOf(lineFeed, start)
      const ends = found >= 0 && found < size
      const end = ends ? found : size
      if (end - start > this.#maxRecordBytes) {
        frames.add(start, start + this.#maxRecordBytes + 1, false, tooLong(this.#maxRecordBytes))
        window.position = end
        if (!ends && !last) return Stop.SeekLine
        continue
      }
      if (!ends && !last) return Stop.More
      this.#line(bytes, start, end, frames)
      window.position = end
    }
    return Stop.Full
  }

  /** Where reading can go on is known by the offset alone. */
  position(offset: number): number {
    return offset
  }

  /** An input may hold no record, and may end without a line end. */
  end(): void {}

  #line(bytes: Buffer, start: number, end: number, frames: Frames): void {
    const { scanner } = this.#rows
    const behind = bytes[start] === mark.openBrace ? this.#rows.object(bytes, start, frames.cells, 2 * frames.width * frames.size) : -1
    const whole = behind >= 0 && scanner.blanks(bytes, behind) === end
    frames.add(start, beforeBlanks(bytes, start, end), whole && this.#rows.plain)
  }
}

function beforeBlanks(bytes: Buffer, start: number, end: number): number {
  while (end > start && isBlank(bytes[end - 1])) end--
  return end
}
