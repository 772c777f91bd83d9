// How things go wrong: a failed run is a HeadgateError with a documented code; a bad record is data (RecordError), never thrown.
import { brandClass } from './brand.ts'

/**
 * A failure of the run. `code` is one of the codes documented in docs/errors.md, `retryable` tells the framework
 * whether doing the same again later can help. The message says what happened, to what, and what to do next.
 *
 * @example throw new HeadgateError('SourceUnreachable', 'GET https://feed.example/orders answered 503; it is retried', { retryable: true })
 */
export class HeadgateError extends Error {
  readonly code: string
  readonly retryable: boolean

  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HeadgateError'
    this.code = code
    this.retryable = options.retryable ?? false
  }
}

brandClass(HeadgateError, 'HeadgateError')

/** One thing wrong with one record. `field` is missing when the record as a whole is meant. */
export type RecordError = {
  field?: string
  /** A stable code from docs/record-errors.md, such as `type.integer` or `range.min`. */
  code: string
  message: string
  /** The value as the source gave it, cut to 200 characters; `***` for a sensitive field. */
  value?: string
  /** Class of the transformer that found it. Missing for what was found before transforms, and by the destination. */
  transform?: string
}
