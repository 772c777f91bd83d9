// Source: the half of an Extractor that lists inputs and opens their bytes. Combined with any Format by SourceExtractor.
import type { Json, RunContext } from '../../sdk/index.ts'

/** One input: a file, an object, a page. It is persisted with the plan. */
export type Input = {
  /** The name for people: a file name, a URL without credentials. */
  name: string
  /** Exact size in bytes, if known before it is read. */
  size?: number
  /** Set if it can only be read from its beginning, such as the answer of a server without ranges. */
  sequential?: true
  /** Finds the input again, and shows whether it is still the one that was planned. */
  identity: Json
}

/**
 * A source is independent of formats, and of compression, archives and encryption, which wrap its bytes (see runner/content).
 *
 * Its methods throw SourceNotFound or SourceUnreadable for an input that does not exist or cannot be read. SourceExtractor turns them into
 * SourceUnavailable for a planned input, which another worker may be able to read. Temporary failures are HeadgateErrors with `retryable: true`.
 */
export interface Source {
  /** Whether each input has slices, and so commits, of its own, however small it is. Default: small ones share slices. */
  readonly slicePerInput?: boolean

  /** All inputs, in the same order every time. */
  inputs(run: RunContext): AsyncIterable<Input>

  /**
   * Bytes of an input from `start` up to `end`, exclusive, or up to the last byte if `end` is undefined. One request, for exactly these bytes: it
   * is sent when the first chunk is read, and ends when the loop over the chunks is left. A chunk is valid until the next one is read. A
   * sequential input is opened at 0 without an end. Observe `run.signal` while waiting. Throws for an input that is cut off.
   */
  open(input: Input, start: number, end: number | undefined, run: RunContext): AsyncIterable<Buffer>

  /**
   * Whether `open` of the whole input throws SourceChanged if its bytes are not the planned ones. Such an input is not verified before and
   * after it is read as a whole.
   */
  verifiesItself?(input: Input): boolean

  /** Throws SourceChanged if the input is no longer the one that was planned. */
  verify(input: Input, run: RunContext): Promise<void>
}
