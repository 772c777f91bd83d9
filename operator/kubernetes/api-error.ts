// The one error that talking to the API server ends in; everything that calls the client sees it.

type ApiErrorOptions = { retryAfterMs?: number | undefined; causes?: readonly string[]; cause?: unknown }

/**
 * `status` is the HTTP status, 0 if no answer came. `reason` is the server's word (`NotFound`, `Conflict`, `Expired`, …),
 * or `Unreachable`, `Timeout`, `Aborted`, `NotLeading` and `Garbage` when it is ours.
 */
export class ApiError extends Error {
  readonly status: number
  readonly reason: string
  /** What the server asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined
  /** The server's words for what exactly it refuses, such as `NamespaceTerminating`. */
  readonly causes: readonly string[]

  constructor(status: number, reason: string, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ApiError'
    this.status = status
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
    this.causes = options.causes ?? []
  }
}

function is(status: number, reason?: string): (error: unknown) => error is ApiError {
  return (error): error is ApiError => error instanceof ApiError && error.status === status && (reason === undefined || error.reason === reason)
}

export const isNotFound = is(404)
export const isAlreadyExists = is(409, 'AlreadyExists')
/** Somebody else wrote the object in between, or owns a field that was applied. */
export const isConflict = is(409, 'Conflict')
/** The manifest is refused, by schema, CEL rule or admission; doing it again cannot help. */
export const isInvalid = is(422)
/** The resource version or the continue token is too old: list again. */
export const isExpired = is(410)
/** This process does not hold the lease, or cannot be sure of it; nothing was sent. */
export const isNotLeading = is(0, 'NotLeading')
