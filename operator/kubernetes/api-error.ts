// The only error that the client throws, for every kind of failed request to the API server.

type ApiErrorOptions = { retryAfterMs?: number | undefined; causes?: readonly string[]; cause?: unknown }

/**
 * `status` is the HTTP status, 0 without a response. `reason` is the server's reason (`NotFound`, `Conflict`, `Expired`, …), or one of
 * `Unreachable`, `Timeout`, `Aborted`, `NotLeading` and `InvalidResponse` (an invalid response) if the client detected the failure.
 */
export class ApiError extends Error {
  readonly status: number
  readonly reason: string
  /** The delay that the server asked for before a retry. */
  readonly retryAfterMs: number | undefined
  /** Reasons of the causes in the server's response, such as `NamespaceTerminating`. */
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
/** The object was written in between, or another field manager owns an applied field. */
export const isConflict = is(409, 'Conflict')
/** Schema, CEL rule or admission rejects the manifest; a retry cannot succeed. */
export const isInvalid = is(422)
/** The resource version or the continue token is too old; list again. */
export const isExpired = is(410)
/** This process does not certainly hold the lease; nothing was sent. */
export const isNotLeading = is(0, 'NotLeading')
