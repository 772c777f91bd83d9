// guardBackground: what a plugin throws where nothing catches it, in a timer or an event, ends its run as a failure. Without it the worker
// dies, the run stays Running, and the next worker dies of the same.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { messageOf } from '../../sdk/thrown.ts'
import { markQuoting } from '../validation/quoting.ts'
import { culprit, pluginModules } from './modules.ts'

/**
 * Calls `onError` with a PluginExited or PluginFailed for each error that nothing catches, until the returned function is called. Does
 * nothing for a pipeline without plugins: an error of our own ends the process, as usual.
 */
export function guardBackground(spec: PipelineSpec, onError: (error: HeadgateError) => void): () => void {
  const modules = pluginModules(spec)
  if (modules.length === 0) return () => {}
  const listener = (thrown: unknown) => onError(failureOfPlugin(modules, thrown))
  process.on('uncaughtException', listener)
  process.on('unhandledRejection', listener)
  return () => {
    process.off('uncaughtException', listener)
    process.off('unhandledRejection', listener)
  }
}

function failureOfPlugin(modules: readonly string[], thrown: unknown): HeadgateError {
  if (thrown instanceof HeadgateError && thrown.code === 'PluginExited') return thrown
  const message = `plugin ${culprit(modules, framesOf(thrown))} threw in the background, where nothing catches it: ${messageOf(thrown)}`
  return markQuoting(new HeadgateError('PluginFailed', message, { cause: markQuoting(thrown) }))
}

/** Empty for what has no stack, or one that cannot be read. */
function framesOf(thrown: unknown): string[] {
  try {
    return String((thrown as Error).stack).split('\n')
  } catch {
    return []
  }
}
