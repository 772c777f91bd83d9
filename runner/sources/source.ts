// Source: the half of an Extractor that lists inputs and opens their bytes. Combined with any Format by SourceExtractor.
import type { Json, RunContext } from '../../sdk/index.ts'

/** One input: a file, an object, a page. It is persisted with the plan. */
export type Input = {
  /** What people call it: a file name, a URL without credentials. */
  name: string
  /** Exact size in bytes, if known before it is read. */
  size?: number
  /** Set if it can only be read from its beginning, such as the answer of a server without ranges. */
  sequential?: true
  /** Whatever finds the input again and tells whether it is still the one that was planned. */
  identity: Json
}

/**
 * A source knows nothing of formats, nor of compression, archives and encryption, which wrap what it gives (see runner/content).
 *
 * Its methods throw SourceNotFound or SourceUnreadable for what is not there or cannot be read. SourceExtractor makes SourceUnavailable of
 * them for an input that was planned: another worker may be able to read it. What passes is a HeadgateError with `retryable: true`.
 */
export interface Source {
  /** Whether each input has slices, and so commits, of its own, however small it is. Default: small ones share slices. */
  readonly slicePerInput?: boolean

  /** All inputs, in the same order every time. */
  inputs(run: RunContext): AsyncIterable<Input>

  /**
   * Bytes of an input from `start` up to `end`, which is not included, or up to its last one if `end` is undefined: one request, for these bytes
   * alone. It is made when the first chunk is asked for, and ended when the loop over the chunks is left. A chunk is valid until the next one is
   * asked for. A sequential input is opened at 0 without an end. Ask `run.signal` while waiting. An input that is cut off is an error.
   */
  open(input: Input, start: number, end: number | undefined, run: RunContext): AsyncIterable<Buffer>

  /**
   * Whether `open` throws SourceChanged by itself if the bytes of the input, asked for from the first to the last, are not the planned ones.
   * Such an input is not verified before and after it is read as a whole.
   */
  verifiesItself?(input: Input): boolean

  /** Throws SourceChanged if the input is no longer the one that was planned. */
  verify(input: Input, run: RunContext): Promise<void>
}
