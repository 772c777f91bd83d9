// guardExit: a plugin that ends the process ends its run as a failure instead. Without it, process.exit(0) in a plugin looks like a success.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { HeadgateError } from '../../sdk/index.ts'
import { culprit, pluginModules } from './modules.ts'

const endings = ['exit', 'abort', 'reallyExit'] as const
const root = join(import.meta.dirname, '../..')
/** Code that may end the process: our own. Frames have a path or a URL. */
const own = ['cli', 'runner'].flatMap((folder) => [`${join(root, folder)}/`, `${pathToFileURL(join(root, folder)).href}/`])

/**
 * Makes process.exit and its like throw PluginExited with the plugin's module, unless our own code calls them. Returns what takes the
 * guard away.
 */
export function guardExit(spec: PipelineSpec): () => void {
  const modules = pluginModules(spec)
  if (modules.length === 0) return () => {}
  const guarded = process as unknown as Record<(typeof endings)[number], (...values: unknown[]) => unknown>
  const originals = endings.map((name) => [name, guarded[name]] as const)
  const guards = originals.map(([name, original]) => {
    const guard = (...values: unknown[]) => {
      const frames = (new Error().stack ?? '').split('\n').slice(2)
      // process.exit calls reallyExit.
      if (frames.some((frame) => frame.includes('process.exit')) || own.some((path) => frames[0]?.includes(path))) return original.apply(process, values)
      throw new HeadgateError('PluginExited', `plugin ${culprit(modules, frames)} called process.${name}; throw an error instead, to fail the run`)
    }
    guarded[name] = guard
    return [name, guard, original] as const
  })
  return () => {
    // Another guard that came later stays as it is.
    for (const [name, guard, original] of guards) if (guarded[name] === guard) guarded[name] = original
  }
}
