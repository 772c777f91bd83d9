// Frames: the offsets of one batch's records, reused from batch to batch.

/** Most offsets of cells in a batch: bounds the memory of wide inputs with short lines. */
const cellNumbers = 1 << 18

export class Frames {
  readonly width: number
  /** Most records it holds. */
  readonly capacity: number
  readonly cells: Int32Array
  readonly rows: Int32Array
  readonly plain: Uint8Array
  size = 0

  constructor(width: number, batchSize = cellNumbers) {
    this.width = width
    this.capacity = Math.max(1, Math.min(batchSize, Math.floor(cellNumbers / (2 * width))))
    this.cells = new Int32Array(this.capacity * 2 * width)
    this.rows = new Int32Array(2 * this.capacity)
    this.plain = new Uint8Array(this.capacity)
  }

  get full(): boolean {
    return this.size === this.capacity
  }

  add(start: number, end: number, plain: boolean): void {
    this.rows[2 * this.size] = start
    this.rows[2 * this.size + 1] = end
    this.plain[this.size] = plain ? 1 : 0
    this.size++
  }
}

/** Bytes of an input from a record's start on. Two bytes of the buffer behind `size` are the framer's to write on. */
export type Window = { bytes: Buffer; position: number; size: number; last: boolean }

/** Frames as many records of the window as it can and moves `position` behind them. Says why it stopped. */
export interface BlockFramer {
  frame(window: Window, frames: Frames): Stop
}

/** `More`: no whole record left in the window. `Full`: no room in frames. `Seek`: go on behind the next line end from `position` on. */
export const Stop = { More: 0, Full: 1, Seek: 2 } as const
export type Stop = (typeof Stop)[keyof typeof Stop]
