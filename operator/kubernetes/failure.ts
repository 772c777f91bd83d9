// Converts a failed request (a Status object, a broken connection, an abort) to an ApiError. Called by transport.ts.
import type { Dispatcher } from 'undici'
import { ApiError } from './api-error.ts'

type Status = { reason?: string; message?: string; details?: { retryAfterSeconds?: number; causes?: { reason?: string }[] } }

const maxWaitMs = 30_000
const excerpt = 500

/** For a response with an error status. */
export function refusalOf({ statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>, body: string, title: string): ApiError {
  const status = statusOf(body)
  const message = status.message ?? (body.slice(0, excerpt) || 'no explanation')
  return new ApiError(statusCode, status.reason ?? `Status${statusCode}`, `${title}: ${statusCode} ${message}`, {
    causes: (status.details?.causes ?? []).flatMap(({ reason }) => reason ?? []),
    retryAfterMs: statusCode === 429 || statusCode >= 500 ? waitOf(headers['retry-after'], status) : undefined,
  })
}

/** For an error without a response. */
export function failureOf(error: unknown, title: string): ApiError {
  if (error instanceof ApiError) return error
  const { name, code, message } = error as { name?: string; code?: string; message?: string }
  const reason = name === 'AbortError' ? 'Aborted' : /TIMEOUT/.test(code ?? '') ? 'Timeout' : 'Unreachable'
  return new ApiError(0, reason, `${title}: ${message || code || name}`, { cause: error })
}

function statusOf(body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Status) : {}
  } catch {
    return {}
  }
}

/** Clamped, because 0 would use up all retries in a second and an hour is too long to wait. API servers send seconds, not dates. */
function waitOf(header: string | string[] | undefined, status: Status): number | undefined {
  const seconds = Number(header ?? status.details?.retryAfterSeconds ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds * 1000, 200), maxWaitMs) : undefined
}
