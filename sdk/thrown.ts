// Reads thrown values without trusting them: a plugin may throw undefined, or an object whose properties throw when they are read.
import { HeadgateError } from './errors.ts'

/** The message of a thrown value. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string') {
      return thrown.message === '' ? `${nameOf(thrown)} without a message` : thrown.message
    }
    if (typeof thrown === 'string') return `the text ${JSON.stringify(thrown)} was thrown instead of an Error`
    return `${thrown === undefined || thrown === null ? thrown : `a value of type ${typeof thrown}`} was thrown instead of an Error`
  } catch {
    return 'an error was thrown whose message cannot be read'
  }
}

/** A thrown value as a failure of the run, in plain values that can be stored. Its code is Internal unless it is a HeadgateError. Never throws. */
export function failureOf(thrown: unknown): { code: string; message: string; retryable: boolean } {
  try {
    if (thrown instanceof HeadgateError) return { code: String(thrown.code), message: messageOf(thrown), retryable: thrown.retryable === true }
  } catch {
    // Internal, like every value that is not a HeadgateError.
  }
  return { code: 'Internal', message: `unexpected: ${messageOf(thrown)}`, retryable: false }
}

function nameOf(thrown: object): string {
  return 'name' in thrown && typeof thrown.name === 'string' ? thrown.name : 'an error'
}
