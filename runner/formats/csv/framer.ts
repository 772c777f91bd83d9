// What the CSV framers share: lost lines, the window they read, and why they stop.
import { RecordProblem } from '../../records/byte-batch.ts'
import type { Frames } from '../../records/frames.ts'

const lost = 'csv.lost'

export function lostLine(): RecordProblem {
  return new RecordProblem(
    lost,
    'a malformed record before this line opens a quote that is closed in or behind it, so the line may be the inside of a value: it is not read as a record',
  )
}

/** Whether reading can begin at this row. A lost row depends on the rows before it. */
export function isStart({ notes }: Frames, row: number): boolean {
  return notes.get(row)?.code !== lost
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
