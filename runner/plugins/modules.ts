// The plugins that a pipeline names, and which of them is in a stack. Used by what guards a worker against its plugins.
import type { PipelineSpec } from '../../crds/pipeline.ts'

/** The modules of all plugins that the pipeline names. */
export function pluginModules({ source, validators = [], transform = [], destination }: PipelineSpec): string[] {
  const plugins = [source.plugin, ...validators.map(({ plugin }) => plugin), ...transform.map(({ plugin }) => plugin), destination.plugin]
  return [...new Set(plugins.flatMap((plugin) => (plugin === undefined ? [] : [plugin.module])))]
}

/** The plugin of whose file a frame is, the innermost first; all, joined by "or", if none of the files is in the stack. */
export function culprit(modules: readonly string[], frames: readonly string[]): string {
  return foundIn(modules, frames) ?? modules.join(' or ')
}

/** As `culprit`; undefined if none of the files is in the stack. */
export function foundIn(modules: readonly string[], frames: readonly string[]): string | undefined {
  for (const frame of frames) {
    const named = modules.find((module) => frame.includes(module.replace(/^(\.{1,2}\/)+/, '/')))
    if (named !== undefined) return named
  }
  return undefined
}
