// DocumentFramer: the records at a path of one or more documents, read as a stream. Beside the records it keeps no more than the kinds of the
// containers around them.
import { HeadgateError, type Position } from '../../../sdk/index.ts'
import type { Frames } from '../../records/frames.ts'
import { afterBlanks } from './blank.ts'
import { type Framer, type JsonWindow, Stop } from './blocks.ts'
import { elementEnd } from './element-end.ts'
import type { Path } from './path.ts'
import { tooLong } from './records.ts'
import type { RowScanner } from './row-scanner.ts'
import { mark } from './scanner.ts'
import { Skipper } from './skipper.ts'

export type DocumentOptions = {
  path: Path
  /** The path as it is declared. */
  shown: string
  rows: RowScanner
  maxRecordBytes: number
  /** The input's name, for messages. */
  name: string
  /** Whether the path may match nothing. */
  allowEmpty: boolean
}

/**
 * `within`: the opening brackets of the containers around `offset`. A value, or a document, has just ended there; with `skip`, one begins
 * there that is too long, and was delivered as a rejected record.
 */
export type DocumentPosition = { offset: number; within: string; skip?: true }

type Container = { kind: number; index: number }

/** What is expected next; `document` is a document or the end of the input, `records` the elements of the array at the path. */
type State = 'document' | 'value' | 'first' | 'after' | 'next' | 'records' | 'skip'

/** A name of a member beside the path may be this long. */
const mostNameBytes = 1 << 20

/** How a step of the framer ended: `more` bytes are needed. */
type Step = 'done' | 'more'

export class DocumentFramer implements Framer {
  readonly #options: DocumentOptions
  readonly #open: Container[] = []
  #state: State = 'document'
  #skipper = new Skipper()
  #matched: boolean
  /** Behind the last record. */
  #resume: DocumentPosition = { offset: 0, within: '' }
  /** The kinds of the open containers, if they are known. */
  #within: string | undefined

  /** `from` is undefined at the beginning of the input. */
  constructor(options: DocumentOptions, from: DocumentPosition | undefined) {
    this.#options = options
    this.#matched = from !== undefined
    if (from === undefined) return
    this.#open = [...from.within].map((kind) => ({ kind: kind.charCodeAt(0), index: Infinity }))
    this.#ended()
    if (from.skip === true) this.#startSkip()
  }

  frame(window: JsonWindow, frames: Frames): Stop {
    while (!frames.full) {
      window.position = this.#state === 'skip' ? window.position : afterBlanks(window.bytes, window.position, window.size)
      if (window.position === window.size) return Stop.More
      if (this.#step(window, frames) === 'more') return Stop.More
    }
    return Stop.Full
  }

  position(): Position {
    return this.#resume
  }

  end(offset: number): void {
    if (this.#state === 'skip' && this.#open.length === 0 && this.#skipper.mayEnd) this.#state = 'document'
    if (this.#state !== 'document') throw this.#corrupt(offset, 'it ends in the middle of a document')
    const { name, shown, allowEmpty } = this.#options
    if (this.#matched || allowEmpty) return
    throw new HeadgateError('PathNotFound', `${name}: nothing is at ${shown}; correct format.json.path, or set format.json.allowEmpty if this may be`)
  }

  #step(window: JsonWindow, frames: Frames): Step {
    switch (this.#state) {
      case 'document':
      case 'value':
        return this.#value(window, frames)
      case 'first':
        return this.#first(window)
      case 'records':
        return this.#record(window, frames)
      case 'after':
        return this.#after(window)
      case 'next':
        return this.#next(window)
      case 'skip':
        return this.#skip(window)
    }
  }

  /** A value on the path, as deep as there are open containers. */
  #value(window: JsonWindow, frames: Frames): Step {
    const { path } = this.#options
    const kind = window.bytes[window.position] as number
    const isContainer = kind === mark.openBrace || kind === mark.openBracket
    const found = this.#open.length === path.steps.length
    if (found && kind === mark.openBrace && !path.elements) {
      this.#matched = true
      return this.#object(window, frames)
    }
    if (!isContainer || (found && kind === mark.openBrace)) return this.#startSkip()
    if (found) this.#matched = true
    this.#open.push({ kind, index: 0 })
    this.#within = undefined
    this.#state = 'first'
    window.position++
    return 'done'
  }

  /** The first member or element of a container, or its end. */
  #first(window: JsonWindow): Step {
    const { kind } = this.#open.at(-1) as Container
    if (window.bytes[window.position] === kind + 2) return this.#close(window)
    if (kind === mark.openBrace) return this.#name(window)
    this.#state = this.#inRecords ? 'records' : this.#isOnPath('0') ? 'value' : this.#skipState()
    return 'done'
  }

  #after(window: JsonWindow): Step {
    const container = this.#open.at(-1) as Container
    const byte = window.bytes[window.position]
    // The closing bracket of each kind is two above the opening one.
    if (byte === container.kind + 2) return this.#close(window)
    if (byte !== mark.comma) throw this.#corrupt(window.origin + window.position, 'the document is malformed there')
    window.position++
    this.#state = 'next'
    return 'done'
  }

  /** The member or element behind a comma. */
  #next(window: JsonWindow): Step {
    const container = this.#open.at(-1) as Container
    if (container.kind === mark.openBrace) return this.#name(window)
    container.index++
    this.#state = this.#inRecords ? 'records' : this.#isOnPath(String(container.index)) ? 'value' : this.#skipState()
    return 'done'
  }

  #name(window: JsonWindow): Step {
    const { scanner } = this.#options.rows
    const { bytes, position: at, size, origin } = window
    const value = scanner.name(bytes, at)
    const incomplete = value < 0 ? scanner.failedAt >= size : value >= size
    if (incomplete && size - at <= mostNameBytes) return this.#needsMore(window)
    if (value < 0 || incomplete) throw this.#corrupt(origin + Math.min(Math.max(at, scanner.failedAt), size), 'the name of a member is malformed or too long')
    window.position = value
    const end = scanner.string(bytes, at + 1)
    const name = JSON.parse(bytes.toString('utf8', at, end + 1)) as string
    this.#state = this.#isOnPath(name) ? 'value' : this.#skipState()
    return 'done'
  }

  #record(window: JsonWindow, frames: Frames): Step {
    return window.bytes[window.position] === mark.openBrace ? this.#object(window, frames) : this.#other(window, frames)
  }

  #object(window: JsonWindow, frames: Frames): Step {
    const { rows } = this.#options
    const { bytes, position, size, last } = window
    const end = rows.object(bytes, position, frames.cells, 2 * frames.width * frames.size)
    if (end >= 0) return this.#add(window, frames, end, rows.plain)
    const incomplete = rows.scanner.failedAt >= size && !rows.scanner.tooDeep
    return incomplete && !last ? this.#long(window, frames) : this.#malformed(window, frames)
  }

  /** An element that is no object, which is rejected. */
  #other(window: JsonWindow, frames: Frames): Step {
    const { scanner } = this.#options.rows
    const { bytes, position, size, last } = window
    const end = scanner.value(bytes, position)
    if (end >= 0 && (end < size || last)) return this.#add(window, frames, end, false)
    const incomplete = end >= size || (end < 0 && scanner.failedAt >= size)
    return incomplete && !last ? this.#long(window, frames) : this.#malformed(window, frames)
  }

  /** The end of a malformed element is certain only if its strings and brackets are. */
  #malformed(window: JsonWindow, frames: Frames): Step {
    const { bytes, position, size, last, origin } = window
    const { failedAt } = this.#options.rows.scanner
    const end = elementEnd(bytes, position, size)
    if (end === 'more' && !last) return this.#long(window, frames)
    if (typeof end === 'number') return this.#add(window, frames, end, false)
    const why = end === 'more' ? 'it ends in the middle of a document' : 'the document is malformed there, and where the record ends is uncertain'
    throw this.#corrupt(origin + Math.min(failedAt, size), why)
  }

  /** A record that does not end in the window. */
  #long(window: JsonWindow, frames: Frames): Step {
    const { maxRecordBytes } = this.#options
    if (window.size - window.position <= maxRecordBytes) return 'more'
    frames.add(window.position, window.position + maxRecordBytes + 1, false, tooLong(maxRecordBytes))
    this.#resume = { offset: window.origin + window.position, within: this.#kinds, skip: true }
    return this.#startSkip()
  }

  #add(window: JsonWindow, frames: Frames, end: number, plain: boolean): Step {
    const { maxRecordBytes } = this.#options
    const long = end - window.position > maxRecordBytes
    frames.add(window.position, long ? window.position + maxRecordBytes + 1 : end, plain && !long, long ? tooLong(maxRecordBytes) : undefined)
    window.position = end
    this.#resume = { offset: window.origin + end, within: this.#kinds }
    this.#ended()
    return 'done'
  }

  #skip(window: JsonWindow): Step {
    const end = this.#skipper.skip(window.bytes, window.position, window.size)
    if (end < 0) throw this.#corrupt(window.origin + ~end, 'the document is malformed or nested too deep there')
    window.position = end
    if (!this.#skipper.done) return 'more'
    this.#ended()
    return 'done'
  }

  #close(window: JsonWindow): Step {
    this.#open.pop()
    this.#within = undefined
    window.position++
    this.#ended()
    return 'done'
  }

  #ended(): void {
    this.#state = this.#open.length === 0 ? 'document' : 'after'
  }

  #startSkip(): Step {
    this.#state = this.#skipState()
    return 'done'
  }

  #skipState(): 'skip' {
    this.#skipper = new Skipper()
    return 'skip'
  }

  /** The step must be taken again with more bytes, unless there are none. */
  #needsMore({ last, origin, size }: JsonWindow): 'more' {
    if (last) throw this.#corrupt(origin + size, 'it ends in the middle of a document')
    return 'more'
  }

  get #kinds(): string {
    this.#within ??= this.#open.map(({ kind }) => String.fromCharCode(kind)).join('')
    return this.#within
  }

  get #inRecords(): boolean {
    return this.#open.length > this.#options.path.steps.length
  }

  /** Whether a member or element of the innermost container is the next step of the path. */
  #isOnPath(name: string): boolean {
    return this.#options.path.steps[this.#open.length - 1] === name
  }

  #corrupt(offset: number, why: string): HeadgateError {
    const { name } = this.#options
    return new HeadgateError('SourceCorrupt', `${name} is not valid JSON: ${why}, at byte ${offset}; fetch it again, or correct what delivers it`)
  }
}

/** A position that a DocumentFramer for this path has made. Throws InvalidPosition for any other. */
export function documentPosition(position: Position, path: Path, name: string): DocumentPosition {
  const { offset, within, skip } = (position ?? {}) as Record<string, unknown>
  const isOffset = Number.isSafeInteger(offset) && (offset as number) >= 0
  const isWithin = typeof within === 'string' && /^[{[]*$/.test(within) && within.length >= path.steps.length && within.length <= path.steps.length + 1
  if (isOffset && isWithin && (skip === undefined || skip === true)) return position as DocumentPosition
  throw new HeadgateError('InvalidPosition', `${name} was to be read on from ${JSON.stringify(position)}, which is no place in it; start a new run`)
}
