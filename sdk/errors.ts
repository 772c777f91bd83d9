// Errors: a HeadgateError fails the run and has a documented code. A bad record is data (RecordError), and is never thrown.
import { brandClass } from './brand.ts'

/**
 * A failure of the run. `code` is one of the codes in docs/errors.md. `retryable` says whether the same call may succeed later.
 * The message says what happened, to what, and what to do next.
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

/** One error of one record. `field` is missing if the error concerns the whole record. */
export type RecordError = {
  field?: string
  /** A stable code from docs/record-errors.md, such as `type.integer` or `range.min`. */
  code: string
  message: string
  /** The value as the source gave it, cut to 200 characters; `***` for a sensitive field. */
  value?: string
  /** Class of the transformer that reported the error. Missing for errors found before transforms, or by the destination. */
  transform?: string
}
