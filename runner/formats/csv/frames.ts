// Frames: the offsets of one batch's records, reused from batch to batch.
import { RecordProblem } from '../../records/byte-batch.ts'

/** Most offsets of cells in a batch: bounds the memory of wide inputs with short lines. */
const cellNumbers = 1 << 18

const lost = 'csv.lost'

export function lostLine(): RecordProblem {
  return new RecordProblem(
    lost,
    'a malformed record before this line opens a quote that is closed in or behind it, so the line may be the inside of a value: it is not read as a record',
  )
}

export class Frames {
  readonly width: number
  /** Most records it holds. */
  readonly capacity: number
  readonly cells: Int32Array
  readonly rows: Int32Array
  readonly plain: Uint8Array
  /** Problems of rows that do not follow from their bytes alone. */
  readonly notes = new Map<number, RecordProblem>()
  size = 0

  constructor(width: number, batchSize = cellNumbers) {
    this.width = width
    this.capacity = Math.max(1, Math.min(batchSize, Math.floor(cellNumbers / (2 * width))))
    this.cells = new Int32Array(this.capacity * 2 * width)
    this.rows = new Int32Array(2 * this.capacity)
    this.plain = new Uint8Array(this.capacity)
  }

  clear(): void {
    this.size = 0
    this.notes.clear()
  }

  get full(): boolean {
    return this.size === this.capacity
  }

  /** Whether reading can begin at this row. A lost row depends on the rows before it. */
  isStart(row: number): boolean {
    return this.notes.get(row)?.code !== lost
  }

  add(start: number, end: number, plain: boolean, note?: RecordProblem): void {
    if (note !== undefined) this.notes.set(this.size, note)
    this.rows[2 * this.size] = start
    this.rows[2 * this.size + 1] = end
    this.plain[this.size] = plain ? 1 : 0
    this.size++
  }
}

/** The end of a record that does not end in the window. */
export type Verdict = {
  /** Offset of the record. */
  at: number
  /** Offset at which reading continues. */
  resume: number
  /** Undefined if its quotes are not in order; else how long it is, and the SHA-256 of its bytes. */
  valid: { length: number; digest: string } | undefined
}

/** Bytes of an input from a record's start on. Two bytes of the buffer behind `size` are the framer's to write on. */
export type Window = {
  bytes: Buffer
  position: number
  size: number
  last: boolean
  /** Offset of `bytes[0]` in the input. */
  origin: number
  /** Offset up to which physical lines are lost to a malformed record before them. */
  lostUntil: number
  /** Where to go on after Stop.Skip. */
  target: number
  /** About the record at its offset, after Stop.Scout. */
  verdict: Verdict | undefined
}

/** Frames as many records of the window as it can and moves `position` behind them. Says why it stopped. */
export interface BlockFramer {
  frame(window: Window, frames: Frames): Stop
}

/**
 * `More`: no whole record left in the window. `Full`: no room in frames. `Seek`: go on behind the next line end from `position` on.
 * `Skip`: go on at `target`. `Scout`: go on at `position` with a verdict on the record there.
 */
export const Stop = { More: 0, Full: 1, Seek: 2, Skip: 3, Scout: 4 } as const
export type Stop = (typeof Stop)[keyof typeof Stop]
