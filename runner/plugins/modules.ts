// The plugins that a pipeline names, and which of them is in a stack. Used by what guards a worker against its plugins.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PipelineSpec } from '../../crds/pipeline.ts'
import { modulesOf } from '../../crds/plugin-modules.ts'

const root = join(import.meta.dirname, '../..')
const rootUrl = `${pathToFileURL(root).href}/`
/** Code of ours that runs in a worker. Frames have a path or a URL. */
const own = ['cli', 'runner'].flatMap((folder) => [`${join(root, folder)}/`, `${rootUrl}${folder}/`])

/** The modules of all plugins that the pipeline names. */
export function pluginModules(spec: PipelineSpec): string[] {
  return [...new Set(modulesOf(spec).map(({ module }) => module))]
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

/** Whether the frame of a stack is in code of ours. */
export function isOwn(frame: string): boolean {
  return own.some((folder) => frame.includes(folder))
}

/** Whether a file is neither Headgate's nor of a package that is installed with it. */
export function isForeign(url: string): boolean {
  return url.startsWith('file:') && !url.startsWith(rootUrl)
}

/** The frames of an error's stack, the innermost first; none if it has no stack that can be read. */
export function framesOf(thrown: unknown): string[] {
  try {
    const { stack } = thrown as Error
    return typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : []
  } catch {
    return []
  }
}
