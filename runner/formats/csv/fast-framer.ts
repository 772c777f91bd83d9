// FastFramer: the hot path. Frames unambiguous records of simple dialects in one tight loop, and leaves every other record to
// GeneralFramer.
import { cellAt } from '../../records/byte-batch.ts'
import type { Frames } from '../../records/frames.ts'
import { carriageReturn, lineFeed } from '../../text/lines.ts'
import type { Dialect } from './dialect.ts'
import { type BlockFramer, Stop, type Window } from './framer.ts'
import { GeneralFramer } from './general-framer.ts'

export class FastFramer implements BlockFramer {
  readonly #general: GeneralFramer
  readonly #delimiter: number
  /** -1 for none. */
  readonly #quote: number
  readonly #doubling: boolean
  readonly #maxRecordBytes: number
  readonly #fewest: number
  readonly #most: number
  /** 1 for the bytes that end a run of ordinary ones. */
  readonly #special = new Uint8Array(256)
  /** Set by #record: whether its cells are the bytes as they stand. */
  #exact = true
  /** Set by #record: end of the record without its terminator. */
  #end = 0

  constructor(dialect: Dialect) {
    this.#general = new GeneralFramer(dialect)
    this.#delimiter = dialect.delimiter[0] as number
    this.#quote = dialect.quote[0] ?? -1
    this.#doubling = dialect.escaping === 'doubling'
    this.#maxRecordBytes = dialect.maxRecordBytes
    this.#fewest = dialect.fewest
    this.#most = dialect.most
    for (const byte of [this.#delimiter, this.#quote, lineFeed, carriageReturn]) {
      if (byte >= 0) this.#special[byte] = 1
    }
  }

  frame(window: Window, frames: Frames): Stop {
    const { bytes, size } = window
    const { capacity, width, cells, rows, plain } = frames
    // Sentinels, so that the inner loops need not look for the end.
    bytes[size] = lineFeed
    if (this.#quote >= 0) bytes[size + 1] = this.#quote
    let start = window.position
    while (start < size) {
      if (frames.size === capacity) break
      const next = lost(window, start) ? -1 : this.#record(bytes, start, size, cells, cellAt(frames.size, 0, width), width)
      if (next > 0 && (next < size || window.last)) {
        const row = frames.size++
        rows[2 * row] = start
        rows[2 * row + 1] = this.#end
        plain[row] = this.#exact ? 1 : 0
        start = next
        continue
      }
      window.position = start
      const stop = this.#general.step(window, frames)
      if (stop !== undefined) return stop
      start = window.position
    }
    window.position = start
    return start < size ? Stop.Full : Stop.More
  }

  /** Frames one record and returns the start of the next one; -1 if the record is ambiguous. */
  #record(bytes: Buffer, start: number, size: number, cells: Int32Array, at: number, width: number): number {
    const delimiter = this.#delimiter
    const quote = this.#quote
    const special = this.#special
    const cellsEnd = at + 2 * width
    let exact = true
    let cell = at
    let position = start
    for (;;) {
      let from = position
      let to: number
      if (bytes[position] === quote) {
        from = ++position
        for (;;) {
          while (bytes[position] !== quote) position++
          if (position >= size) return -1
          const after = bytes[position + 1]
          if (after === delimiter || after === lineFeed || after === carriageReturn) break
          if (after !== quote || !this.#doubling) return -1
          exact = false
          position += 2
        }
        to = position++
      } else {
        while (special[bytes[position] as number] === 0) position++
        to = position
      }
      if (cell < cellsEnd) {
        cells[cell] = from
        cells[cell + 1] = to
      }
      cell += 2
      if (bytes[position] !== delimiter || position >= size) break
      position++
    }
    this.#exact = exact && cell === cellsEnd
    if (cell !== cellsEnd && this.#swallows(bytes, start, position, (cell - at) / 2)) return -1
    return this.#terminated(bytes, start, position, size)
  }

  /** Whether a record with a wrong number of fields goes beyond its line. */
  #swallows(bytes: Buffer, start: number, end: number, count: number): boolean {
    if (count >= this.#fewest && count <= this.#most) return false
    for (let at = start; at < end; at++) {
      if (bytes[at] === lineFeed || bytes[at] === carriageReturn) return true
    }
    return false
  }

  #terminated(bytes: Buffer, start: number, end: number, size: number): number {
    this.#end = end
    if (end === start || end - start > this.#maxRecordBytes) return -1
    if (end >= size) return end
    const byte = bytes[end]
    if (byte === lineFeed) return end + 1
    if (byte !== carriageReturn) return -1
    return end + 1 < size && bytes[end + 1] === lineFeed ? end + 2 : end + 1
  }
}

function lost(window: Window, position: number): boolean {
  return window.origin + position < window.lostUntil
}
