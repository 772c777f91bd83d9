// guardBackground: what a plugin throws where nothing catches it, in a timer or an event, ends its run as a failure. Without it the worker
// dies, the run stays Running, and the next worker dies of the same.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { markQuoting } from '../../sdk/quoting.ts'
import { failureOf } from '../../sdk/thrown.ts'
import { reportedMessage } from '../reports/reported-message.ts'
import { culprit, foundIn, framesOf, isOwn, pluginModules } from './modules.ts'

type Emit = (event: string | symbol, ...values: unknown[]) => boolean

/**
 * Calls `onError` with a PluginFailed for each error that nothing catches, until the returned function is called. Errors of our own end the
 * process, as usual. Replaces process.emit, because a plugin, or a library of it, may remove listeners. Does nothing for a pipeline
 * without plugins.
 */
export function guardBackground(spec: PipelineSpec, onError: (error: HeadgateError) => void): () => void {
  const modules = pluginModules(spec)
  if (modules.length === 0) return () => {}
  const guarded = process as unknown as { emit: Emit }
  const original = guarded.emit
  let over = false
  const emit: Emit = (event, ...values) => {
    const uncaught = event === 'uncaughtException' || event === 'unhandledRejection'
    if (over || !uncaught || isOurs(modules, values[0])) return original.call(process, event, ...values)
    // The exit guard has reported its own.
    if (failureOf(values[0]).code !== 'PluginExited') onError(failureOfPlugin(spec, modules, values[0]))
    return true
  }
  guarded.emit = emit
  return () => {
    over = true
    // A guard that was installed later stays, and calls this one.
    if (guarded.emit === emit) guarded.emit = original
  }
}

/** The stack shows code of ours and no plugin. The exit guard, which is ours, throws in a plugin's name. */
function isOurs(modules: readonly string[], thrown: unknown): boolean {
  const frames = framesOf(thrown)
  return failureOf(thrown).code !== 'PluginExited' && frames.some(isOwn) && foundIn(modules, frames) === undefined
}

/** Its message is hidden here where it may quote a value, so that the plugin's name is kept. */
function failureOfPlugin(spec: PipelineSpec, modules: readonly string[], thrown: unknown): HeadgateError {
  const said = reportedMessage(spec, markQuoting(thrown)).replace(/^unexpected: /, '')
  const message = `plugin ${culprit(modules, framesOf(thrown))} threw in the background, where nothing catches it: ${said}`
  return new HeadgateError('PluginFailed', message, { retryable: failureOf(thrown).retryable })
}
