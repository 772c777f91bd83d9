// GeneralFramer: frames a block with RecordFramer, record by record, and recovers from malformed ones. Any dialect.
import { cellAt, RecordProblem } from '../../records/byte-batch.ts'
import type { Frames } from '../../records/frames.ts'
import type { Dialect } from './dialect.ts'
import { type BlockFramer, lostLine, Stop, type Verdict, type Window } from './framer.ts'
import { Kind, RecordFramer } from './record-framer.ts'
import { Recovery } from './recovery.ts'

const none = new Int32Array(0)

export class GeneralFramer implements BlockFramer {
  readonly #dialect: Dialect
  readonly #framer: RecordFramer
  readonly #recovery: Recovery

  constructor(dialect: Dialect) {
    this.#dialect = dialect
    this.#framer = new RecordFramer(dialect)
    this.#recovery = new Recovery(dialect)
  }

  frame(window: Window, frames: Frames): Stop {
    while (window.position < window.size) {
      if (frames.full) return Stop.Full
      const stop = this.step(window, frames)
      if (stop !== undefined) return stop
    }
    return Stop.More
  }

  /** Frames what stands at the window's position: a record, or something skipped. */
  step(window: Window, frames: Frames): Stop | undefined {
    const framer = this.#framer
    const { position } = window
    if (window.origin + position < window.lostUntil) return this.#lostLine(window, frames)
    const { width, cells, size } = frames
    const kind = framer.frame(window.bytes, position, window.size, window.last, cells, cellAt(size, 0, width), width)
    if (kind === Kind.More) return Stop.More
    if (kind === Kind.Long) return this.#long(window, frames)
    if (kind === Kind.BadQuote || kind === Kind.Unterminated || (kind === Kind.Record && this.#swallows(window))) return this.#malformed(window, frames)
    window.position = framer.next
    if (kind === Kind.LongComment) return Stop.Seek
    if (kind === Kind.Record) frames.add(position, framer.end, framer.exact && framer.count === width)
    return undefined
  }

  /** Whether the record just framed has a wrong number of fields and goes beyond its line. */
  #swallows({ bytes, position, size }: Window): boolean {
    const framer = this.#framer
    return !this.#fits(framer.count) && framer.lineEnd(bytes, position, framer.end, size) >= 0
  }

  #fits(count: number): boolean {
    const { fewest, most } = this.#dialect
    return count >= fewest && count <= most
  }

  #long(window: Window, frames: Frames): Stop | undefined {
    const { position, verdict } = window
    if (verdict?.at !== window.origin + position) return Stop.Scout
    const { maxRecordBytes } = this.#dialect
    if (verdict.valid !== undefined) {
      frames.add(position, position + maxRecordBytes + 1, false, this.#tooLong(verdict.valid))
      window.target = verdict.resume
      return Stop.Skip
    }
    return this.#lose(window, frames, verdict.resume)
  }

  /** A record whose quotes are not in order, or which took in other lines for a wrong number of fields. */
  #malformed(window: Window, frames: Frames): Stop | undefined {
    const { position, size, origin } = window
    const resume = this.#resume(window)
    if (resume === undefined) return Stop.Scout
    // A value of several lines is one record still, unless some line in it would be a record by itself.
    if (resume - origin - position <= this.#dialect.maxRecordBytes) {
      if (resume - origin > size) return Stop.More
      const end = this.#wholeEnd(window, resume - origin)
      if (end !== undefined) {
        frames.add(position, end, false)
        window.position = resume - origin
        return undefined
      }
    }
    return this.#lose(window, frames, resume)
  }

  /** Offset at which reading continues; undefined if the window does not reveal it. */
  #resume({ bytes, position, size, last, origin, verdict }: Window): number | undefined {
    if (verdict?.at === origin + position) return verdict.resume
    const recovery = this.#recovery
    recovery.begin()
    recovery.follow(bytes, position, last ? size : this.#framer.judged(size), size, origin)
    if (last) recovery.finish(origin + size)
    return recovery.resume < 0 ? undefined : recovery.resume
  }

  /** End of the malformed record that reaches up to `next`, if none of its lines but the first frames well by itself. */
  #wholeEnd({ bytes, position }: Window, next: number): number | undefined {
    const framer = this.#framer
    framer.line(bytes, position, next, true)
    let end = framer.end
    for (let at = framer.next; at < next; at = framer.next) {
      const from = at
      if (framer.line(bytes, from, next, true) !== Kind.Record) continue
      end = framer.end
      const [lineEnd, lineNext] = [framer.end, framer.next]
      if (framer.frame(bytes, from, lineEnd, true, none, 0, 0) === Kind.Record && this.#fits(framer.count)) return undefined
      framer.next = lineNext
    }
    return end
  }

  /** Rejects the line at the position, and loses those up to `resume`. */
  #lose(window: Window, frames: Frames, resume: number): Stop | undefined {
    const stop = this.#line(window, frames)
    if (stop !== Stop.More) window.lostUntil = resume
    return stop
  }

  #lostLine(window: Window, frames: Frames): Stop | undefined {
    return this.#line(window, frames, lostLine())
  }

  #line(window: Window, frames: Frames, note?: RecordProblem): Stop | undefined {
    const framer = this.#framer
    const { position } = window
    const kind = framer.line(window.bytes, position, window.size, window.last)
    if (kind === Kind.More) return Stop.More
    window.position = framer.next
    if (kind === Kind.Skipped) return undefined
    frames.add(position, framer.end, false, note)
    return kind === Kind.Long ? Stop.Seek : undefined
  }

  #tooLong({ length, digest }: NonNullable<Verdict['valid']>): RecordProblem {
    const { maxRecordBytes } = this.#dialect
    return new RecordProblem(
      'csv.tooLong',
      `the record has ${length} bytes (SHA-256 ${digest}), more than ${maxRecordBytes}; its beginning is kept (format.csv.maxRecordBytes allows more)`,
    )
  }
}
