// Frames: the offsets of one batch's records and cells, as a format's framer finds them. Reused from batch to batch.
import type { RecordProblem } from './byte-batch.ts'

/** Most offsets of cells in a batch: bounds the memory of wide inputs with short lines. */
const cellNumbers = 1 << 18

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

  add(start: number, end: number, plain: boolean, note?: RecordProblem): void {
    if (note !== undefined) this.notes.set(this.size, note)
    this.rows[2 * this.size] = start
    this.rows[2 * this.size + 1] = end
    this.plain[this.size] = plain ? 1 : 0
    this.size++
  }
}
