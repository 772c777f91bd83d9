// Source: the half of an Extractor that lists inputs and opens their bytes. Combined with any Format by SourceExtractor.
import type { Json, RunContext } from '../../sdk/index.ts'

/** One input: a file, an object, a page. It is persisted with the plan. */
export type Input = {
  /** What people call it: a file name, a URL without credentials. */
  name: string
  /** Size in bytes if known before it is read. */
  size?: number
  /** Whatever finds the input again and tells whether it is still the one that was planned. */
  identity: Json
}

export interface Source {
  /** All inputs, in the same order every time. */
  inputs(run: RunContext): AsyncIterable<Input>

  /** Bytes of an input from `offset` on. A chunk is valid until the next one is asked for. Throws `SourceUnavailable` if this worker cannot read it. */
  open(input: Input, offset: number, run: RunContext): AsyncIterable<Buffer>

  /**
   * Throws HeadgateError `SourceChanged` if the input is no longer the one that was planned, and the retryable `SourceUnavailable` if this
   * worker cannot tell, because it cannot read the input: another worker may.
   */
  verify(input: Input, run: RunContext): Promise<void>
}
