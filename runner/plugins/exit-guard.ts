// guardExit: a plugin that ends the process ends its run as a failure instead. Without it, process.exit(0) in a plugin looks like a success.
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { culprit, framesOf, isOwn, pluginModules } from './modules.ts'

const endings = ['exit', 'abort', 'reallyExit'] as const

/**
 * Makes process.exit and its like throw PluginExited with the plugin's module, unless our own code calls them. `onExit` gets the error as
 * well, because the plugin may catch it. Returns what takes the guard away.
 */
export function guardExit(spec: PipelineSpec, onExit: (error: HeadgateError) => void): () => void {
  const modules = pluginModules(spec)
  if (modules.length === 0) return () => {}
  const guarded = process as unknown as Record<(typeof endings)[number], (...values: unknown[]) => unknown>
  const originals = endings.map((name) => [name, guarded[name]] as const)
  const guards = originals.map(([name, original]) => {
    const guard = (...values: unknown[]) => {
      const frames = framesOf(new Error()).slice(1)
      // process.exit calls reallyExit.
      if (frames.some((frame) => frame.includes('process.exit')) || isOwn(frames[0] ?? '')) return original.apply(process, values)
      const error = new HeadgateError('PluginExited', `plugin ${culprit(modules, frames)} called process.${name}; throw an error instead, to fail the run`)
      onExit(error)
      throw error
    }
    guarded[name] = guard
    return [name, guard, original] as const
  })
  return () => {
    // A guard that was installed later stays.
    for (const [name, guard, original] of guards) if (guarded[name] === guard) guarded[name] = original
  }
}
