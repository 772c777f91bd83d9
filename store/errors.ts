// Classifies PostgreSQL's errors as retryable or final. Values of rows never get into a message. Called by connections, sessions and the engine.
import { HeadgateError } from '../sdk/index.ts'
import { markQuoting } from '../sdk/quoting.ts'
import { messageOf } from '../sdk/thrown.ts'
import { DestinationRefusal, describeRefusal, refusalOf, type ServerError } from './refusal.ts'

type Classification = { code: string; retryable: boolean; advice: string }

const unavailable: Classification = {
  code: 'StoreUnavailable',
  retryable: true,
  advice: 'check the URL and that PostgreSQL accepts connections; runs retry automatically',
}
const busy: Classification = { code: 'StoreBusy', retryable: true, advice: 'the transaction was rolled back; runs retry automatically' }
const full: Classification = { code: 'StoreFull', retryable: true, advice: 'free space or raise the limit; runs retry automatically' }
const denied: Classification = { code: 'StoreDenied', retryable: false, advice: 'check the user, its password and its privileges' }
const refused: Classification = {
  code: 'DestinationRefused',
  retryable: false,
  advice: 'the destination does not accept these rows; change its constraint or the schema of the pipeline',
}
const defect: Classification = { code: 'StoreError', retryable: false, advice: 'see the server’s log' }

/** By SQLSTATE; the longest matching prefix wins. */
const bySqlState: Record<string, Classification> = {
  '08': unavailable,
  '57P': unavailable,
  '57014': { code: 'StoreTimeout', retryable: true, advice: 'a statement was cancelled or took too long; runs retry automatically' },
  '55P03': busy,
  '40': busy,
  '53100': full,
  '53200': full,
  '53300': { code: 'StoreUnavailable', retryable: true, advice: 'the server has too many connections; runs retry automatically' },
  '53': full,
  '28': denied,
  '3D000': { code: 'StoreDenied', retryable: false, advice: 'the database does not exist; create it or correct the URL' },
  '42501': denied,
  '25006': { code: 'StoreUnavailable', retryable: true, advice: 'the server is read-only, perhaps a standby; runs retry automatically' },
  '58': unavailable,
  '22': refused,
  '23': refused,
}

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNABORTED',
  'ENOENT',
])
const lostConnection =
  /connection (terminated|ended|error)|not queryable|timeout expired|timeout exceeded|socket (closed|hang up)|stream (was )?(destroyed|ended)|premature close/i

/** Converts an error thrown by a query to a HeadgateError. An error that did not come from the database is returned unchanged. */
export function classifyError(error: unknown): Error {
  try {
    return classified(error)
  } catch {
    // A plugin may throw an error whose properties cannot be read.
    return new HeadgateError('Internal', `unexpected: ${messageOf(error)}`)
  }
}

function classified(error: unknown): Error {
  if (error instanceof HeadgateError) return error
  if (!(error instanceof Error)) return new HeadgateError('Internal', `unexpected: ${messageOf(error)}`)
  const { code } = error as { code?: unknown }
  if (error instanceof AggregateError && error.errors.length > 0) return classified(error.errors[0])
  if (typeof code === 'string' && networkCodes.has(code)) return lost(code)
  if (isServerError(error)) return serverError(error)
  if (lostConnection.test(error.message)) return lost('the connection was lost')
  return error
}

/** The SQLSTATE of an error that the server reported; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof Error && isServerError(error) ? error.code : undefined
}

function isServerError(error: Error): error is ServerError {
  const { code, severity } = error as { code?: unknown; severity?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && typeof severity === 'string'
}

function serverError(error: ServerError): HeadgateError {
  const refusal = refusalOf(error)
  if (refusal !== undefined) {
    const row = error.table === undefined ? 'a row' : `a row of table ${error.table}`
    return new DestinationRefusal(`PostgreSQL (${error.code}): ${row} ${describeRefusal(refusal)}; ${refused.advice}`, refusal)
  }
  const { code, retryable, advice } = classification(error.code)
  const place = [
    error.table === undefined ? '' : ` table ${error.table}`,
    error.column === undefined ? '' : ` column ${error.column}`,
    error.constraint === undefined ? '' : ` constraint ${error.constraint}`,
  ].join('')
  // The server's messages of classes 22 and 23 quote values of the row.
  const message = /^2[23]/.test(error.code) ? 'the column does not accept a value' : error.message
  const failure = new HeadgateError(code, `PostgreSQL (${error.code}): ${message}${place}; ${advice}`, { retryable })
  return ownWords.test(error.code) ? failure : markQuoting(failure)
}

/** SQLSTATE classes whose messages contain no values of rows. Messages of other classes may come from a trigger or an extension. */
const ownWords = /^(?:08|22|23|25|26|28|3D|3F|40|42|53|54|55|57|58)/

function lost(reason: string): HeadgateError {
  return new HeadgateError('StoreUnavailable', `PostgreSQL cannot be reached (${reason}); ${unavailable.advice}`, { retryable: true })
}

function classification(state: string): Classification {
  for (let length = 5; length >= 2; length--) {
    const found = bySqlState[state.slice(0, length)]
    if (found !== undefined) return found
  }
  return defect
}
