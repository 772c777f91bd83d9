// toldMessage: what is stored and shown of an error that ended a run, is retried, or came from a clean-up.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { mayQuote } from '../../sdk/quoting.ts'
import { failureOf } from '../../sdk/thrown.ts'
import { hasSecrets, hiddenMessage } from '../validation/secrecy.ts'

/** The message, or only where it comes from if the pipeline has sensitive fields and the message may quote one. Never throws. */
export function toldMessage(spec: PipelineSpec | undefined, thrown: unknown): string {
  const { code, message } = failureOf(thrown)
  const cause = causeOf(thrown)
  const suspect = mayQuote(thrown) || mayQuote(cause) || code === 'Internal'
  if (spec === undefined || !suspect || !hasSecrets(spec.schema)) return message
  const { name, place } = originOf(cause, thrown)
  const state = /^PostgreSQL \([0-9A-Z]{5}\)/.exec(message)?.[0]
  return `${state ?? name}: ${hiddenMessage}${place === undefined || state !== undefined ? '' : `; it was thrown ${place}`}`
}

/** Of a failure of ours. A plugin's error may refuse even to say what it is. */
function causeOf(thrown: unknown): unknown {
  try {
    return thrown instanceof HeadgateError ? thrown.cause : undefined
  } catch {
    return undefined
  }
}

/** Of other names a plugin may have made one of a value. */
const kinds = /^(?:Headgate|Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error$/

/** The kind of the error and the place that threw it: of the stack only what stands behind the message. A plugin's error may refuse to be read. */
function originOf(cause: unknown, thrown: unknown): { name: string; place: string | undefined } {
  try {
    const { name, message, stack } = (cause instanceof Error ? cause : thrown) as Error
    const frames =
      typeof stack === 'string' && typeof message === 'string' && stack.includes(message) ? stack.slice(stack.indexOf(message) + message.length) : ''
    return { name: typeof name === 'string' && kinds.test(name) ? name : 'Error', place: /^\s+at .*$/m.exec(frames)?.[0].trim() }
  } catch {
    return { name: 'Error', place: undefined }
  }
}
