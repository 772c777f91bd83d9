// reportedMessage: the message that is stored and displayed for an error that failed a run, is retried, or occurred during a clean-up. Called by
// the engine and the plugin guards.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { mayQuote } from '../../sdk/quoting.ts'
import { failureOf } from '../../sdk/thrown.ts'
import { hasSecrets, hiddenMessage } from '../validation/secrecy.ts'

/** Returns the error's message, or only its origin if the pipeline has sensitive fields and the message may quote a value. Never throws. */
export function reportedMessage(spec: PipelineSpec | undefined, thrown: unknown): string {
  const { code, message } = failureOf(thrown)
  const cause = causeOf(thrown)
  const suspect = mayQuote(thrown) || mayQuote(cause) || code === 'Internal'
  if (spec === undefined || !suspect || !hasSecrets(spec.schema)) return message
  const { name, place } = originOf(cause, thrown)
  const state = /^PostgreSQL \([0-9A-Z]{5}\)/.exec(message)?.[0]
  return `${state ?? name}: ${hiddenMessage}${place === undefined || state !== undefined ? '' : `; it was thrown ${place}`}`
}

/** The cause of a HeadgateError. Catches errors, because reading a property of a plugin's error may throw. */
function causeOf(thrown: unknown): unknown {
  try {
    return thrown instanceof HeadgateError ? thrown.cause : undefined
  } catch {
    return undefined
  }
}

/** Names of errors that are safe to display. A plugin may have put a value into any other name. */
const safeNames = /^(?:Headgate|Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error$/

/**
 * The name of the error and the place that threw it. The place is taken only from the part of the stack after the message. Reading a
 * property of a plugin's error may throw.
 */
function originOf(cause: unknown, thrown: unknown): { name: string; place: string | undefined } {
  try {
    const { name, message, stack } = (cause instanceof Error ? cause : thrown) as Error
    const frames =
      typeof stack === 'string' && typeof message === 'string' && stack.includes(message) ? stack.slice(stack.indexOf(message) + message.length) : ''
    return { name: typeof name === 'string' && safeNames.test(name) ? name : 'Error', place: /^\s+at .*$/m.exec(frames)?.[0].trim() }
  } catch {
    return { name: 'Error', place: undefined }
  }
}
